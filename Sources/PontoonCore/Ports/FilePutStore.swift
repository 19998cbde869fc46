package import PontoonFoundation

/// Storage of files that are added in one transaction, without an upload.
///
/// The object of such a file is stored before the file is recorded. A streaming store keeps track of the objects whose
/// records may be missing (``StreamingObjectStore/unconfirmedObjects()``). With a presigned store, which several
/// servers may share, the server leases the object until the file is committed. After the lease has expired, any server
/// may discard the object, and the commit is refused.
package protocol FilePutStore: Sendable {
    /// Adds a file. Discards the object of a replaced file.
    ///
    /// If the call returns an existing file or throws a ``PontoonError``, the object of `file` is not recorded, and the
    /// caller must remove it. After any other error, the file may have been committed.
    ///
    /// - Parameters:
    ///   - file: The file, with its content, tags and metadata.
    ///   - userName: The user who adds the file. Must have the permission to write to the project.
    ///   - rule: The rule to apply if the name is taken.
    ///   - leaseID: Id of the object's lease, which is released if the file is added; `nil` if the object is not
    ///     leased.
    /// - Returns: The new or existing file; `nil`, with nothing changed, if the object is not leased under `leaseID`.
    /// - Throws: `.nameTaken` or `.folderExists` if the rule refuses the file because a file or folder has its name;
    ///   `.destinationNotFound` if the folder does not exist or the user may not write to it; `.fileNameInvalid` if the
    ///   name would be too long with a number added; `.quotaExceeded`.
    func addFile(
        _ file: File,
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> AddedFile?
    /// Adds files of one project in one transaction, in order; see ``addFile(_:by:onConflict:leaseID:)``.
    ///
    /// - Returns: The results, in the order of the files; `nil`, with nothing changed, if the object of a file is not
    ///   leased under `leaseID`.
    /// - Throws: The errors of ``addFile(_:by:onConflict:leaseID:)``. In this case, no file was added, although some of
    ///   them might be accepted one by one or in another order.
    func addFiles(
        _ files: [File],
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> [AddedFile]?
    /// Adds folders of one project in one transaction. Uses existing folders with the same names instead of adding new
    /// ones.
    ///
    /// - Parameters:
    ///   - folders: The folders. The parent of each folder exists already or comes before it in the list.
    ///   - userName: The user who adds the folders. Must have the permission to write to the project.
    /// - Returns: For each folder, the new or existing folder, with the actual ids of the folder and its parent;
    ///   `.fileExists` if a file has its name or the name of a folder above it; `.destinationNotFound` if the parent
    ///   does not exist or the user may not write to the project; `.limitReached` if the level of a new folder would
    ///   exceed ``FolderRules/maximumLevel``. A folder inside a refused one has the same error.
    /// - Throws: An error if the store is unavailable.
    func addFolders(_ folders: [File], by userName: String) async throws -> [Result<File, PontoonError>]
    /// Leases new objects under one id.
    ///
    /// - Throws: An error, with nothing changed, if one of the objects is already leased.
    func leaseObjects(_ keys: [ObjectKey], _ lease: Lease) async throws
    /// Sets the expiry of all object leases that have the id of `lease` to the expiry of `lease`.
    ///
    /// - Returns: `false` if there are no such leases.
    func renewObjectLeases(_ lease: Lease) async throws -> Bool
    /// Voids all leases with an id and discards their objects; see ``DiscardedObjectStore``. The void leases remain for
    /// ``ObjectLeases/timeOfLateRequests``, after which ``discardLeasedObjects(until:)`` discards the objects a second
    /// time.
    ///
    /// - Returns: The keys of the discarded objects.
    func discardLeasedObjects(leaseID: String) async throws -> Set<ObjectKey>
    /// Discards the objects whose leases expire by a time. Voids leases that were not void yet, and deletes the others.
    ///
    /// - Returns: The number of discarded objects, including those that are discarded for the second time.
    func discardLeasedObjects(until time: Date) async throws -> Int
    /// Discards an object unless a file uses it. Waits for any uncommitted transaction that adds a file with this
    /// object.
    ///
    /// The caller must ensure that no transaction that begins later adds a file with this object.
    ///
    /// - Returns: `false` if a file uses the object.
    func discardUnrecordedObject(_ key: ObjectKey) async throws -> Bool
}

/// The leases of objects that are stored in one call.
package enum ObjectLeases {
    /// Time in seconds after which a discarded leased object is discarded a second time.
    ///
    /// A server may be killed or suspended, or lose the response, after it has sent a request. The bucket may carry out
    /// the request late and create the object again after it was removed.
    package static let timeOfLateRequests: Double = 3600
}
