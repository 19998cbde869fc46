package import PontoonFoundation

/// Storage of files that are added in one transaction, without an upload.
///
/// The object of such a file is stored before the file is recorded. A streaming store keeps track of the objects whose
/// records may be missing (``StreamingObjectStore/unconfirmedObjects()``). With a presigned store, which several
/// servers may share, the server holds a lease of the object until the file is committed. After the lease has expired,
/// any server may discard the object, and the commit is refused.
package protocol FilePutStore: Sendable {
    /// Adds a file. Discards the object of a replaced file.
    /// - Parameters:
    ///   - file: The file, with its content, tags and metadata.
    ///   - userName: The user who adds the file. Must have the permission to write to the project.
    ///   - rule: The rule to apply if the name is taken. If the call returns an existing file or throws, the object of
    ///     `file` is not recorded, and the caller must remove it.
    ///   - leaseID: Id of the object's lease, which is released if the file is added; `nil` if the object has none.
    /// - Returns: The file; `nil`, with nothing changed, if the object is not leased under this id.
    /// - Throws: `.nameTaken` or `.folderExists` if the name is taken; `.destinationNotFound` if the folder does not
    ///   exist or the user may not write to it; `.fileNameInvalid` if the name would be too long with a number added;
    ///   `.quotaExceeded`.
    func addFile(
        _ file: File,
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> AddedFile?
    /// Adds files of one project in one transaction, in order; see ``addFile(_:by:onConflict:leaseID:)``.
    /// - Returns: The results, in the order of the files; `nil`, with nothing changed, if an object is not leased.
    /// - Throws: The errors of that method. In this case, nothing has changed, and some of the files may still be
    ///   accepted one by one or in another order.
    func addFiles(
        _ files: [File],
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> [AddedFile]?
    /// Adds folders of one project in one transaction; uses those that already exist.
    /// - Parameters:
    ///   - folders: The folders. The parent of each either exists or comes before it in the list.
    ///   - userName: The user who adds the folders. Must have the permission to write to the project.
    /// - Returns: For each folder, the new or existing folder with this name and the actual ids of the folder and its
    ///   parent; `.fileExists` if a file has its name or the name of a folder above it; `.destinationNotFound` if the
    ///   parent does not exist or the user may not write to the project; `.limitReached` if the level of a new folder
    ///   would exceed ``FolderRules/maximumLevel``.
    /// - Throws: An error if the store is unavailable.
    func addFolders(_ folders: [File], by userName: String) async throws -> [Result<File, PontoonError>]
    /// Leases new objects under one id.
    /// - Throws: An error, with nothing changed, if one of the objects is already leased.
    func leaseObjects(_ keys: [ObjectKey], _ lease: Lease) async throws
    /// Renews the leases of all objects that are leased under the id of `lease`.
    /// - Returns: `false`, with nothing changed, if there are no such objects.
    func renewObjectLeases(_ lease: Lease) async throws -> Bool
    /// Voids all leases with an id and discards their objects; see ``DiscardedObjectStore``. The void leases expire
    /// after ``ObjectLeases/timeOfLateRequests``, so that ``discardLeasedObjects(until:)`` discards the objects a
    /// second time.
    /// - Returns: The keys of the discarded objects.
    func discardLeasedObjects(leaseID: String) async throws -> Set<ObjectKey>
    /// Discards the objects whose leases expire by a time. Voids these leases, and deletes those that were already
    /// void.
    /// - Returns: The number of discarded objects.
    func discardLeasedObjects(until time: Date) async throws -> Int
    /// Discards an object unless a file uses it. Waits for any uncommitted transaction that adds a file with this
    /// object.
    ///
    /// The caller must ensure that no later transaction adds a file with this object.
    /// - Returns: Whether the object was discarded.
    func discardUnrecordedObject(_ key: ObjectKey) async throws -> Bool
}

/// The leases of objects that are stored in one call.
package enum ObjectLeases {
    /// Time in seconds after which a discarded object is discarded a second time.
    ///
    /// A server may be killed or suspended, or lose the response, after it has sent a request. The bucket may carry out
    /// such a request late, and then stores the object again after it was removed.
    package static let timeOfLateRequests: Double = 3600
}
