package import Foundation

/// Everything Pontoon remembers but the bytes.
///
/// Who implements it owes: every method that changes something is one transaction, durable when it returns (unless the
/// operator chose otherwise), and holds against other processes on the same data. A rule such as "exactly one wins" is a
/// constraint or a conditional statement in the store, never a read followed by a write. `MetadataStoreContract` in
/// `PontoonTesting` is this page as tests; a store is done when it passes.
package protocol MetadataStore: IdentityStore, ProjectStore, MemberStore, FileStore, UploadStore, PartStore,
    AutomationStore, SigningKeyStore, LeaseStore
{}

/// Users and their tokens.
package protocol IdentityStore: Sendable {
    /// Whether no user exists yet.
    func isEmpty() async throws -> Bool
    /// Adds a user.
    /// - Throws: `.userExists` when the name is taken.
    func addUser(_ user: User) async throws
    /// - Returns: `nil` when nobody has this name.
    func user(named name: String) async throws -> User?
    /// Adds a token.
    /// - Throws: `.userNotFound` when its user does not exist.
    func addToken(_ token: TokenRecord) async throws
    /// The user of the token with a hash, as in ``TokenRecord/hash``; `nil` when it is unknown or revoked. What another
    /// process revoked is known a second later.
    func user(withTokenHash hash: String) async throws -> User?
    /// All tokens of a user, oldest first.
    func tokens(of userName: String) async throws -> [TokenRecord]
    /// Forgets a token, by its id or by its hash.
    /// - Returns: Whether there was such a token.
    func revokeToken(_ idOrHash: String) async throws -> Bool
    /// Makes the first user, its project and its token, all or nothing.
    /// - Returns: `false`, with nothing changed, when a user existed already.
    func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool
}

/// Projects and who may do what in them.
package protocol ProjectStore: Sendable {
    /// Adds a project, its root folder and its owner's membership.
    /// - Returns: `false`, with nothing changed, when the id is taken.
    func addProject(_ project: Project) async throws -> Bool
    /// - Returns: `nil` when there is no such project or `userName` may not read it: a stranger cannot tell which.
    func project(_ id: ProjectID, for userName: String) async throws -> AccessibleProject?
    /// As ``project(_:for:)``, perhaps as it was a second ago when another process changed it since.
    func recentProject(_ id: ProjectID, for userName: String) async throws -> AccessibleProject?
    /// Projects that a user may read, newest first.
    /// - Parameters:
    ///   - userName: The user.
    ///   - owner: Only this owner's; `nil` for all.
    ///   - name: Part of the display name, in any case; `nil` for all.
    ///   - tags: All of these must be there.
    ///   - page: The stretch that is wanted.
    /// - Returns: The projects, with the user's rights.
    /// - Throws: When the store cannot be reached.
    func projects(
        for userName: String,
        owner: String?,
        name: String?,
        tags: [String],
        page: Page
    ) async throws -> Listing<AccessibleProject>
    /// Changes fields of a project.
    /// - Returns: The new state; `nil` when there is no such project.
    func updateProject(_ id: ProjectID, _ change: ProjectChange, now: Date) async throws -> Project?
    /// Deletes a project with its files and open uploads; their objects join ``FileStore/discardedObjects(limit:)``.
    /// - Returns: Whether there was such a project.
    func deleteProject(_ id: ProjectID) async throws -> Bool
}

/// Who belongs to a project.
package protocol MemberStore: Sendable {
    /// What a user may do in a project.
    /// - Returns: `nil` when the user is no member, or there is no such project.
    func permissions(of userName: String, in project: ProjectID) async throws -> Permissions?
    /// As ``permissions(of:in:)``, perhaps as they were a second ago when another process changed them since.
    func recentPermissions(of userName: String, in project: ProjectID) async throws -> Permissions?
    /// Members of a project, the owner among them, by name.
    func members(of project: ProjectID, page: Page) async throws -> Listing<Member>
    /// Adds a member.
    /// - Returns: `false`, with nothing changed, when the user is a member already.
    /// - Throws: `.userNotFound`, `.projectNotFound`.
    func addMember(_ member: Member, to project: ProjectID) async throws -> Bool
    /// Changes a member's rights as ``Permissions/applying(_:)`` does; of changes that meet, none is lost.
    /// - Returns: The new rights; `nil` when there is no such member.
    func changePermissions(
        of userName: String,
        in project: ProjectID,
        _ change: PermissionsChange
    ) async throws -> Permissions?
    /// Removes a member.
    /// - Returns: Whether there was such a member.
    func removeMember(_ userName: String, from project: ProjectID) async throws -> Bool
}

/// Files and folders.
package protocol FileStore: Sendable {
    /// - Returns: `nil` when there is no such file or folder.
    func file(_ id: String) async throws -> File?
    /// As ``file(_:)``, perhaps as it was a second ago when another process changed it since: for what comes once a range,
    /// and does no harm with an old row.
    func recentFile(_ id: String) async throws -> File?
    /// Files and folders directly in a folder, by name.
    func files(in folder: String, filter: FileFilter, page: Page) async throws -> Listing<File>
    /// The file or folder of a name in a folder.
    func file(named name: String, in folder: String) async throws -> File?
    /// Adds a folder.
    /// - Throws: `.folderExists` or `.fileExists` when its name is taken, `.destinationNotFound` when its parent is gone.
    func addFolder(_ folder: File) async throws
    /// As ``files(in:filter:page:)``, but those whose names come after another one.
    /// - Parameters:
    ///   - folder: The folder.
    ///   - filter: Which entries are wanted.
    ///   - name: Need not be there any more; `nil` begins.
    ///   - limit: Most entries that come back, 0 or more.
    /// - Returns: The entries, and how many match in the whole folder.
    /// - Throws: When the store cannot be reached.
    func files(in folder: String, filter: FileFilter, after name: String?, limit: Int) async throws -> Listing<File>
    /// Changes name, metadata and tags, all or nothing: changes of one file come one after another, each of them whole.
    /// - Returns: The new state; `nil` when there is no such file.
    /// - Throws: `.fileExists` when the name is taken in its folder, `.metadataInvalid` when more than
    ///   ``MetadataRules/maximumPairs`` would be left.
    func updateFile(_ id: String, _ change: FileChange, now: Date) async throws -> File?
    /// Adds a copy of a file: the same object, its tags and metadata. The object stays until its last file goes.
    /// - Returns: The copy; `nil` when there is no such file.
    /// - Throws: `.fileExists` when the name is taken and the copy is not to be numbered, `.fileNameInvalid` when a
    ///   number makes it too long, `.destinationNotFound` when its folder is gone or belongs to another project.
    func copyFile(_ id: String, as copy: FileCopy) async throws -> File?
    /// Moves a file, or a folder with all that is in it, to a folder of the same project.
    /// - Parameters:
    ///   - id: The file or folder; a root is none.
    ///   - folder: Folder id of the destination.
    ///   - name: Its new name; `nil` keeps it.
    ///   - now: The time.
    /// - Returns: The new state; `nil` when there is no such file.
    /// - Throws: `.fileExists` when the name is taken, `.folderCycle` when the destination is the folder itself or lies in
    ///   it, `.destinationNotFound` when it is gone, is no folder or belongs to another project.
    func moveFile(_ id: String, to folder: String, name: String?, now: Date) async throws -> File?
    /// Deletes a file or an empty folder; an object that no file uses any more joins ``discardedObjects(limit:)``.
    /// - Returns: Whether there was such a file.
    /// - Throws: `.folderNotEmpty`.
    func deleteFile(_ id: String) async throws -> Bool
    /// Objects that nothing refers to and whose bytes must still be removed, oldest first.
    func discardedObjects(limit: Int) async throws -> [ObjectReference]
    /// Forgets discarded objects once their bytes are gone.
    func forgetDiscarded(_ keys: [ObjectKey]) async throws
}

/// Uploads.
package protocol UploadStore: Sendable {
    /// Adds an upload.
    /// - Throws: `.destinationNotFound` when its folder is gone, `.automationNotFound` when its automation is.
    func addUpload(_ upload: Upload) async throws
    /// - Returns: The upload, also when it is completed; `nil` when no upload has this id.
    func upload(_ id: String) async throws -> Upload?
    /// A user's uploads to folders that are not completed, newest first.
    func uploads(of userName: String, page: Page) async throws -> Listing<UploadSummary>
    /// As ``upload(_:)``, perhaps as it was a second ago when another process changed it since: for what comes once a
    /// part, and either does no harm with an old row or asks again.
    func recentUpload(_ id: String) async throws -> Upload?
    /// One upload with what it holds.
    func uploadSummary(_ id: String) async throws -> UploadSummary?
    /// Leases the completion of an upload that is `.active`, or `.completing` under a lease that has expired: it becomes
    /// `.completing` under the new lease, and its parts no longer change.
    /// - Parameters:
    ///   - id: The upload.
    ///   - lease: The new lease.
    ///   - now: The current time.
    ///   - decide: Decides in the same transaction what is to be done, or refuses. It must have no side effects, since it may
    ///     run again when the transaction is retried.
    /// - Returns: `.acquired` to at most one of several callers, in one process or many. After `.refused` and `.unavailable`
    ///   nothing has changed.
    /// - Throws: When the store is unavailable; whether the lease was acquired may then be unknown.
    func acquireCompletionLease<Plan: Sendable>(
        of id: String,
        _ lease: Lease,
        now: Date,
        deciding decide: @escaping @Sendable (CompletionSnapshot) throws(PontoonError) -> Plan
    ) async throws -> CompletionLeaseResult<Plan>
    /// Moves the end of a lease.
    /// - Returns: `false`, with nothing changed, when the upload is not `.completing` under a lease with this id.
    func renewCompletionLease(of id: String, _ lease: Lease) async throws -> Bool
    /// Makes an upload `.active` again.
    /// - Returns: `false`, with nothing changed, when the upload is not `.completing` under a lease with this id.
    func releaseCompletionLease(of id: String, leaseID: String) async throws -> Bool
    /// Ends an upload: its file appears, replacing one of the same name if the upload overwrites (a new id, the old
    /// object discarded), the upload becomes `.completed`, its part records go.
    /// - Returns: `false`, with nothing changed, when the upload is not `.completing` under a lease with this id.
    /// - Throws: `.nameTaken` or `.folderExists` for the name; `.destinationNotFound` or `.projectNotFound` when the
    ///   destination is gone.
    func completeUpload(_ id: String, leaseID: String, file: File, overwrite: Bool) async throws -> Bool
    /// As ``completeUpload(_:leaseID:file:overwrite:)``, for an upload to an automation: nothing is replaced.
    func completeUpload(_ id: String, leaseID: String, packageFile: PackageFile) async throws -> Bool
    /// Begins an upload again with nothing in it: its part records go, and it has a new handle.
    /// - Returns: `false`, with nothing changed, when the upload is not `.completing` under a lease with this id.
    func restartUpload(_ id: String, leaseID: String, handle: UploadHandle?) async throws -> Bool
    /// Forgets an `.active` upload and its parts; its object joins ``FileStore/discardedObjects(limit:)``.
    /// - Returns: Whether there was such an upload.
    func abortUpload(_ id: String) async throws -> Bool
    /// As ``abortUpload(_:)``, but only when no part was stored since a time: one that arrives meanwhile keeps it alive.
    /// - Returns: Whether it was aborted.
    func abortUpload(_ id: String, idleSince time: Date) async throws -> Bool
    /// Active uploads that were begun before a time and in which no part was stored since, oldest first.
    func idleUploads(since: Date, limit: Int) async throws -> [String]
    /// Forgets uploads that were completed before a time; the files stay.
    func pruneCompletedUploads(before: Date) async throws
    /// Uploads that are `.completing` under a lease that ends before a time or then.
    func completingUploads(leasedUntil time: Date) async throws -> [Upload]
    /// Which of these objects belong to an upload that is not completed.
    func openUploadKeys() async throws -> Set<ObjectKey>
}

extension UploadStore {
    /// Leases a completion without deciding anything.
    /// - Returns: Whether the lease was acquired.
    package func acquireCompletionLease(of id: String, _ lease: Lease, now: Date) async throws -> Bool {
        switch try await acquireCompletionLease(of: id, lease, now: now, deciding: { _ in () }) {
        case .acquired: true
        case .refused, .unavailable: false
        }
    }
}

/// Records of stored parts.
package protocol PartStore: Sendable {
    /// - Returns: `nil` when the part is not stored.
    func part(_ number: PartNumber, of uploadID: String) async throws -> PartRecord?
    /// All stored parts, by number.
    func parts(of uploadID: String) async throws -> [PartRecord]
    /// Forgets a part, durably, before its bytes are replaced. Costs no write when there is no record.
    /// - Throws: `.uploadNotFound`, with nothing changed, when the upload is not `.active` any more: parts of an upload that
    ///   is being completed are fixed.
    /// - Returns: What was forgotten.
    func forgetPart(_ number: PartNumber, of uploadID: String) async throws -> PartRecord?
    /// Vouches for a part, in place of any earlier record of the same number; the new record is not reported.
    /// - Throws: `.uploadNotFound`, with nothing changed, when the upload is not `.active` any more.
    /// - Returns: The record that was replaced.
    func recordPart(_ part: PartRecord, of uploadID: String) async throws -> PartRecord?
    /// Forgets the parts of a `.completing` upload that were not reported: complete leaves them out. Costs no write when there
    /// are none.
    /// - Returns: What was forgotten.
    func forgetUnreportedParts(of uploadID: String) async throws -> [PartRecord]
    /// Marks parts of an `.active` upload as reported, all or none. Tags are compared without regard to case.
    /// - Returns: The first report that names no stored part with this tag, or a part not yet marked of an upload that is
    ///   not `.active` any more; `nil` when all are marked.
    func reportParts(_ reports: [PartReport], of uploadID: String) async throws -> PartReport?
    /// Records parts that nobody here saw arrive, as reported, in place of earlier records of the same numbers; all or none.
    /// - Parameters:
    ///   - reports: Of several with the same number the last counts.
    ///   - uploadID: The upload.
    ///   - time: Becomes ``PartRecord/storedOn`` where the report says something new.
    /// - Returns: The first report that says something new of an upload that is not `.active` any more; `nil` when all are
    ///   recorded.
    /// - Throws: When the store cannot be reached.
    func recordReports(_ reports: [PartReport], of uploadID: String, at time: Date) async throws -> PartReport?
}

/// Automations and their code packages.
package protocol AutomationStore: Sendable {
    /// Adds an automation.
    /// - Throws: `.userNotFound` when its owner does not exist.
    func addAutomation(_ automation: Automation) async throws
    /// - Returns: `nil` when there is no such automation.
    func automation(_ id: String) async throws -> Automation?
    /// - Returns: `nil` when no upload became a package file of this id.
    func packageFile(_ id: String) async throws -> PackageFile?
    /// Adds a package.
    /// - Throws: `.packageNotFound` when its location is no package file of its automation.
    func addPackage(_ package: CodePackage) async throws
    /// - Returns: `nil` when there is no such package.
    func package(_ id: String) async throws -> CodePackage?
}

/// Keys that sign data-plane URLs.
package protocol SigningKeyStore: Sendable {
    /// All keys, newest first.
    func signingKeys() async throws -> [SigningKey]
    /// Adds a key.
    func addSigningKey(_ key: SigningKey) async throws
    /// Forgets keys made before a time, but never the newest.
    func pruneSigningKeys(before: Date) async throws
}

/// What only one server does at a time.
package protocol LeaseStore: Sendable {
    /// Claims a task that nobody has, whose lease has ended, or that the same leaseID has already.
    /// - Returns: `false` when somebody else has it.
    func acquireLease(_ task: String, _ lease: Lease, now: Date) async throws -> Bool
    /// Lets go of a task; nothing happens when somebody else has it.
    func endLease(_ task: String, leaseID: String) async throws
}
