package import Foundation

/// Files and folders.
package protocol FileStore: Sendable {
    /// - Returns: `nil` if there is no file or folder with this id.
    func file(_ id: String, reading consistency: ReadConsistency) async throws -> File?
    /// - Returns: `nil` if the folder has no entry of this name.
    func file(named name: String, in folder: String) async throws -> File?
    /// The files and folders directly in a folder, ordered by name. Names are compared byte for byte.
    /// - Returns: The entries in the window, and the number of entries that match the filter in the whole folder.
    func files(in folder: String, filter: FileFilter, window: FileWindow) async throws -> Listing<File>
    /// Adds a folder.
    /// - Throws: `.folderExists` or `.fileExists` if the name is taken, `.destinationNotFound` if the parent does not
    ///   exist.
    func addFolder(_ folder: File) async throws
    /// Changes the name, metadata and tags of a file, all or nothing. Concurrent changes of a file are applied one
    /// after another.
    /// - Returns: The file after the change; `nil` if it does not exist.
    /// - Throws: `.fileExists` if the name is taken, `.metadataInvalid` if the file would have more than
    ///   ``MetadataRules/maximumPairs``.
    func updateFile(_ id: String, _ change: FileChange, now: Date) async throws -> File?
    /// Adds a copy of a file that shares its object, tags and metadata. An object is discarded with its last file.
    /// - Returns: The copy; `nil` if the file does not exist.
    /// - Throws: `.fileExists` if the name is taken and the copy may not be numbered, `.fileNameInvalid` if a number
    ///   makes the name too long, `.destinationNotFound` if the destination does not exist or is in another project.
    func copyFile(_ id: String, as copy: FileCopy) async throws -> File?
    /// Moves a file, or a folder and its contents, to another folder of the same project.
    /// - Parameters:
    ///   - id: The file or folder. Root folders cannot be moved.
    ///   - folder: Id of the destination folder.
    ///   - name: New name; `nil` keeps the current one.
    ///   - now: Becomes the modification time.
    /// - Returns: The file after the move; `nil` if it does not exist or is a root folder.
    /// - Throws: `.fileExists` if the name is taken, `.folderCycle` if the destination is the folder itself or one
    ///   inside it, `.destinationNotFound` if the destination does not exist, is not a folder or belongs to another
    ///   project.
    func moveFile(_ id: String, to folder: String, name: String?, now: Date) async throws -> File?
    /// Deletes a file or an empty folder. An object that is no longer used by any file is added to
    /// ``DiscardedObjectStore/discardedObjects(limit:)``.
    /// - Returns: `false` if the file does not exist or is a root folder.
    /// - Throws: `.folderNotEmpty`.
    func deleteFile(_ id: String) async throws -> Bool
}

extension FileStore {
    /// Reads the latest state; see ``file(_:reading:)``.
    package func file(_ id: String) async throws -> File? { try await file(id, reading: .latest) }
}

/// The entries of a folder's list to read.
package enum FileWindow: Sendable {
    /// Entries by position.
    case page(Page)
    /// At most `limit` entries after a name, which need not exist (or no longer exists); `nil` starts at the first
    /// entry.
    case after(String?, limit: Int)
}

/// Objects that are no longer referenced but whose bytes are still stored.
///
/// The transaction that removes the last reference to an object adds it here, so that a crash only delays its removal.
package protocol DiscardedObjectStore: Sendable {
    /// The oldest discarded objects, at most `limit`.
    func discardedObjects(limit: Int) async throws -> [ObjectReference]
    /// Removes the records of discarded objects whose bytes have been deleted.
    func forgetDiscarded(_ keys: [ObjectKey]) async throws
}
