package import PontoonFoundation

/// Storage of files and folders.
package protocol FileStore: Sendable {
    /// Returns a file or folder; `nil` if it does not exist.
    func file(_ id: String, reading consistency: ReadConsistency) async throws -> File?
    /// Returns the entry with this name in a folder; `nil` if there is none.
    func file(named name: String, in folder: String) async throws -> File?
    /// Returns the files and folders directly in a folder that match a filter, ordered by name. Names are compared byte
    /// for byte.
    ///
    /// - Returns: The matching entries in the window, and the number of matching entries in the whole folder.
    func files(in folder: String, filter: FileFilter, window: FileWindow) async throws -> Listing<File>
    /// Adds a folder.
    ///
    /// - Throws: `.folderExists` or `.fileExists` if a folder or file has the name, `.destinationNotFound` if the
    ///   parent does not exist, `.limitReached` if the level of the folder would exceed ``FolderRules/maximumLevel``.
    func addFolder(_ folder: File) async throws
    /// Changes the name, metadata and tags of a file or the name of a folder atomically, and sets the modification time
    /// to `now`. Concurrent changes are applied one after another.
    ///
    /// - Returns: The file or folder after the change; `nil` if it does not exist.
    /// - Throws: `.fileExists` if a file or folder has the new name, `.metadataInvalid` if the file would have more
    ///   than ``MetadataRules/maximumPairs`` metadata pairs.
    func updateFile(_ id: String, _ change: FileChange, now: Date) async throws -> File?
    /// Adds a copy of a file. The copy has the same tags and metadata and refers to the same object.
    ///
    /// - Returns: The copy; `nil` if the original does not exist or is a folder.
    /// - Throws: `.fileExists` if a file or folder has the name and the conflict policy is `.refuse`, or if concurrent
    ///   calls took every name that was tried; `.fileNameInvalid` if the name would be too long with a number added;
    ///   `.destinationNotFound` if the folder does not exist or is not in the given project; `.quotaExceeded`.
    func copyFile(_ id: String, as copy: FileCopy) async throws -> File?
    /// Moves a file, or a folder and its contents, to another folder of the same project.
    ///
    /// - Parameters:
    ///   - id: The file or folder. Root folders cannot be moved.
    ///   - folder: Id of the destination folder.
    ///   - name: New name; `nil` keeps the current one.
    ///   - now: The new modification time.
    /// - Returns: The file or folder after the move; `nil` if it does not exist or is a root folder.
    /// - Throws: `.fileExists` if a file or folder has the name, `.folderCycle` if the destination is the moved folder
    ///   or a folder inside it, `.destinationNotFound` if the destination does not exist, is not a folder or belongs to
    ///   another project, `.limitReached` if the level of the moved folder would exceed ``FolderRules/maximumLevel``.
    func moveFile(_ id: String, to folder: String, name: String?, now: Date) async throws -> File?
    /// Deletes a file or an empty folder. Discards the file's object if no other file uses it; see
    /// ``DiscardedObjectStore``.
    ///
    /// - Returns: `false` if there is no such file or folder, or it is a root folder.
    /// - Throws: `.folderNotEmpty` if the folder has entries.
    func deleteFile(_ id: String) async throws -> Bool
}

extension FileStore {
    /// Returns the latest state of a file or folder; see ``file(_:reading:)``.
    package func file(_ id: String) async throws -> File? { try await file(id, reading: .latest) }
}

/// The range of entries to read from a folder, after filtering and ordering by name.
package enum FileWindow: Sendable {
    /// The entries at the positions of a page.
    case page(Page)
    /// At most `limit` entries whose names come after this name, which no entry needs to have; `nil` starts with the
    /// first entry.
    case after(String?, limit: Int)
}

/// Storage of the list of discarded objects, which no file refers to but whose bytes may still be stored.
///
/// The transaction that removes the last reference to an object also records the object here, so a crash only delays
/// the removal of its bytes.
package protocol DiscardedObjectStore: Sendable {
    /// Returns at most `limit` discarded objects, earliest discarded first.
    func discardedObjects(limit: Int) async throws -> [ObjectReference]
    /// Removes objects from the list. Their bytes must have been removed durably.
    func forgetDiscarded(_ keys: [ObjectKey]) async throws
}
