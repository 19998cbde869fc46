package import PontoonFoundation

/// Storage of jobs.
///
/// A server must hold the lease of a job to work on it. Every step checks and extends the lease.
package protocol FileJobStore: Sendable {
    /// Adds a job. Removes the user's oldest finished jobs, so that at most ``FileJobRules/keptJobs`` remain.
    /// - Throws: `.limitReached` if the user has ``FileJobRules/maximumUnfinishedJobs`` unfinished jobs;
    ///   `.userNotFound` if the user does not exist.
    func addFileJob(_ job: FileJob, _ items: [FileJobItem]) async throws
    /// Returns a job; `nil` if it does not exist.
    func fileJob(_ id: String) async throws -> FileJob?
    /// Returns one page of a user's jobs, newest first, and their total number. If `tokenID` is not `nil`, includes
    /// only jobs that were submitted with this token.
    func fileJobs(of userName: String, tokenID: String?, page: Page) async throws -> Listing<FileJob>
    /// Returns the results of all items of a job that have been processed, in the order of the items.
    func results(of job: FileJob) async throws -> [FileJobResult]
    /// Returns at most `limit` items of a job, in order, starting at a position, which is counted from 0.
    func items(ofFileJob id: String, from position: Int, limit: Int) async throws -> [FileJobItem]
    /// Returns the folder that a job is visiting at a depth, counted from 1; `nil` if there is none.
    func folder(ofFileJob id: String, depth: Int) async throws -> FileJobFolder?
    /// Returns at most `limit` entries of a folder, ordered by name, whose names follow `name`; `nil` starts with the
    /// first.
    func entries(in folder: String, after name: String?, limit: Int) async throws -> [FolderEntry]
    /// Returns whether a folder is `other` or is inside it.
    /// - Throws: `.limitReached` if it is not, but the folder cannot contain another folder, because its level is
    ///   ``FolderRules/maximumLevel`` or higher.
    func isFolder(_ id: String, inside other: String) async throws -> Bool
    /// Returns whether there is an unfinished job without a valid lease.
    func hasWaitingFileJob(now: Date) async throws -> Bool
    /// Leases an unfinished job without a valid lease, and records its start.
    ///
    /// Users take turns: the next user is the one whose last turn was the longest ago, and the job is the one that this
    /// user submitted or released the longest ago. Jobs that other calls are leasing at the same time are skipped. The
    /// call never waits for another transaction. If one has locked the row of a user, the jobs of all other users come
    /// first, and the lease does not count as a turn of this user.
    /// - Returns: The job; `nil` if there is none.
    func leaseFileJob(_ lease: Lease, now: Date) async throws -> FileJob?
    /// Performs a step and extends the lease. If the call throws, nothing has changed.
    ///
    /// `.makeFolder` returns the existing folder with the requested name. If a file has the name, a number is added to
    /// the name of the new folder.
    ///
    /// A step inside a folder requires that every visited folder is still in the folder above it, and the item in the
    /// folder in which it was found. The file or folder to which a step applies must still be in the current folder or,
    /// if it is an item, in ``FileJobStep/parent``.
    /// - Parameters:
    ///   - step: The step.
    ///   - id: The job.
    ///   - lease: The lease, with its new expiry.
    ///   - now: The time that is recorded as the end of the job, if the step finishes it.
    /// - Returns: The result. `.lost` means that the job is finished or not leased under this id, `.entryLeft` and
    ///   `.folderLeft` that others moved or deleted the entry or a visited folder. In these cases, nothing has changed.
    /// - Throws: The errors of ``FileStore/copyFile(_:as:)``, ``FileStore/deleteFile(_:)`` and
    ///   ``FileStore/addFolder(_:)``; `.fileNotFound` if the file or folder does not exist and the step does not say
    ///   which folder must contain it; `.copyCycle` or `.moveCycle` if the entered folder is its own destination or
    ///   that of a visited folder, or if its destination is a visited folder.
    func perform(_ step: FileJobStep, ofFileJob id: String, _ lease: Lease, now: Date) async throws -> FileJobStepResult
    /// Releases the lease of a job, and queues the job behind the other jobs of its user. Does nothing if the job is
    /// leased under another id.
    func releaseFileJob(_ id: String, leaseID: String, now: Date) async throws
    /// Releases the leases of all jobs.
    func releaseFileJobs() async throws
    /// Removes up to `limit` jobs that finished before a time.
    /// - Returns: The number of removed jobs.
    func pruneFileJobs(finishedBefore time: Date, limit: Int) async throws -> Int
}
