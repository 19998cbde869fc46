package import PontoonFoundation

/// Storage of files that are added in one transaction, without an upload.
///
/// The object of such a file exists before its record. With a streaming store, the store itself marks objects whose
/// records may be missing (``StreamingObjectStore/unconfirmedObjects()``). With a presigned store, which several
/// servers may share, the server holds a lease of the object until the file is committed; when the lease has expired,
/// any server may discard the object, and the commit is refused.
package protocol FilePutStore: Sendable {
    /// Adds a file. Discards the object of a replaced file.
    /// - Parameters:
    ///   - file: The file, with its content, tags and metadata.
    ///   - userName: The user who adds it and must be allowed to write to the project.
    ///   - rule: The rule if the name is taken. With `skip`, and if the call throws, the object of `file` is not
    ///     recorded, and the caller must remove it.
    ///   - leaseID: Id of the object's lease, which ends if the file is added; `nil` if the object has none.
    /// - Returns: The file; `nil`, with nothing changed, if the object is not leased under this id.
    /// - Throws: `.nameTaken` or `.folderExists` if the name is taken, `.destinationNotFound` if the folder does not
    ///   exist or the user may not write to it; `.fileNameInvalid` if a number makes the name too long;
    ///   `.quotaExceeded`.
    func addFile(
        _ file: File,
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> AddedFile?
    /// Adds files of one project in one transaction, in order; see ``addFile(_:by:onConflict:leaseID:)``.
    /// - Returns: The results, in the order of the files; `nil`, with nothing changed, if an object is not leased.
    /// - Throws: The errors of that method, with nothing changed; the same files may then be accepted in another order,
    ///   or one by one.
    func addFiles(
        _ files: [File],
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> [AddedFile]?
    /// Adds folders of one project in one transaction, unless they exist.
    /// - Parameters:
    ///   - folders: The folders; the parent of each exists, or precedes it.
    ///   - userName: The user who adds them and must be allowed to write to the project.
    /// - Returns: For each folder, the folder of this name, which may have existed before, with its id and that of its
    ///   parent; `.fileExists` if a file has its name or the name of a folder above it, `.destinationNotFound` if the
    ///   parent does not exist or the user may not write to the project, `.limitReached` if the level of a new folder
    ///   would exceed ``FolderRules/maximumLevel``.
    /// - Throws: An error if the store is unavailable.
    func addFolders(_ folders: [File], by userName: String) async throws -> [Result<File, PontoonError>]
    /// Leases new objects under one id.
    /// - Throws: An error, with nothing changed, if one of them is leased already.
    func leaseObjects(_ keys: [ObjectKey], _ lease: Lease) async throws
    /// Extends the lease of all objects that are leased under its id.
    /// - Returns: `false`, with nothing changed, if there is none.
    func renewObjectLeases(_ lease: Lease) async throws -> Bool
    /// Voids the leases under an id and discards their objects; see ``DiscardedObjectStore``. The void leases
    /// expire after ``ObjectLeases/timeOfLateRequests``, and ``discardLeasedObjects(until:)`` then discards the objects
    /// again.
    /// - Returns: The keys of the discarded objects.
    func discardLeasedObjects(leaseID: String) async throws -> Set<ObjectKey>
    /// Discards the objects whose leases expire by a time. Voids these leases, and deletes those that were already
    /// void.
    /// - Returns: The number of discarded objects.
    func discardLeasedObjects(until time: Date) async throws -> Int
    /// Discards an object, unless a file uses it. Waits for a transaction that is about to add such a file.
    ///
    /// The caller must ensure that no later transaction adds a file with this object.
    /// - Returns: Whether the object was discarded.
    func discardUnrecordedObject(_ key: ObjectKey) async throws -> Bool
}

/// The leases of objects that are stored in one call.
package enum ObjectLeases {
    /// Time in seconds after which a discarded object is discarded a second time.
    ///
    /// A bucket may carry out a late request, of a server that was killed or suspended or that lost the response, and
    /// so store the object again after it was removed.
    package static let timeOfLateRequests: Double = 3600
}
