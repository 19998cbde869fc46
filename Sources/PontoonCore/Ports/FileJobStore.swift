package import PontoonFoundation

/// Storage of jobs.
///
/// A server must hold the lease of a job to perform its steps. Every step checks and extends the lease.
package protocol FileJobStore: Sendable {
    /// Adds a job. Removes old jobs of the user that are finished and not among the newest ``FileJobRules/keptJobs``.
    ///
    /// - Throws: `.limitReached` if the user has ``FileJobRules/maximumUnfinishedJobs`` unfinished jobs;
    ///   `.userNotFound` if the user does not exist.
    func addFileJob(_ job: FileJob, _ items: [FileJobItem]) async throws
    /// Returns a job; `nil` if it does not exist.
    func fileJob(_ id: String) async throws -> FileJob?
    /// Returns one page of a user's jobs, newest first, and their total number. If `tokenID` is not `nil`, includes
    /// only jobs that were submitted with this token.
    func fileJobs(of userName: String, tokenID: String?, page: Page) async throws -> Listing<FileJob>
    /// Returns the results of the items that have been processed according to ``FileJob/progress``, in the order of the
    /// items.
    func results(of job: FileJob) async throws -> [FileJobResult]
    /// Returns at most `limit` items of a job, in order, starting at a position, which is counted from 0.
    func items(ofFileJob id: String, from position: Int, limit: Int) async throws -> [FileJobItem]
    /// Returns the folder that a job is visiting at a depth, where 1 is the item itself; `nil` if there is none.
    func folder(ofFileJob id: String, depth: Int) async throws -> FileJobFolder?
    /// Returns at most `limit` entries of a folder, ordered by name, whose names come after `name`; `nil` starts with
    /// the first entry.
    func entries(in folder: String, after name: String?, limit: Int) async throws -> [FolderEntry]
    /// Returns whether a folder is `other` or is inside it.
    ///
    /// - Throws: `.limitReached` if the folder is not inside `other`, but its level is ``FolderRules/maximumLevel`` or
    ///   higher, so that it cannot contain another folder.
    func isFolder(_ id: String, inside other: String) async throws -> Bool
    /// Returns whether a job can be leased: one that is neither finished nor leased.
    func hasWaitingFileJob(now: Date) async throws -> Bool
    /// Leases a job that is neither finished nor leased. Records its start when it is leased for the first time.
    ///
    /// Users take turns: the next user is the one whose last turn was the longest ago, and the job is the one that this
    /// user submitted or released the longest ago. Jobs that other calls are leasing at the same time are skipped.
    ///
    /// The call does not wait for row locks. If another transaction has locked the row of a user, the jobs of all other
    /// users come first, and leasing a job of this user does not count as a turn.
    ///
    /// - Returns: The job; `nil` if no job can be leased.
    func leaseFileJob(_ lease: Lease, now: Date) async throws -> FileJob?
    /// Performs a step and extends the lease.
    ///
    /// ``FileJobStep/Action/makeFolder(_:)`` uses the existing folder with the requested name, if there is one. If a
    /// file has the name, a number is added to the name of the new folder.
    ///
    /// A step inside a folder requires that every visited folder is still in the folder above it, and that the item is
    /// still in the folder in which it was found. The file or folder to which a step applies must still be in the
    /// current folder or, if it is an item, in ``FileJobStep/parent``.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - id: The job.
    ///   - lease: The lease that the server holds, with its new expiry.
    ///   - now: The time that is recorded as the end of the job, if the step finishes it.
    /// - Returns: The result. Unless it is `.done`, nothing has changed.
    /// - Throws: The errors of ``FileStore/copyFile(_:as:)``, ``FileStore/deleteFile(_:)`` and
    ///   ``FileStore/addFolder(_:)``; `.fileNotFound` if the file or folder does not exist and the step does not say
    ///   which folder must contain it; `.copyCycle` or `.moveCycle` if the entered folder would be copied or moved to
    ///   itself, or is the destination of a visited folder, or if its destination is a visited folder.
    func perform(_ step: FileJobStep, ofFileJob id: String, _ lease: Lease, now: Date) async throws -> FileJobStepResult
    /// Releases the lease of a job, and queues the job behind the other jobs of its user. Does nothing if the job is
    /// not leased under this id.
    func releaseFileJob(_ id: String, leaseID: String, now: Date) async throws
    /// Releases the leases of all jobs, which no server may be working on. Called at the start of a server that does
    /// not share the store.
    func releaseFileJobs() async throws
    /// Removes at most `limit` jobs that finished before a time, earliest first.
    ///
    /// - Returns: The number of removed jobs.
    func pruneFileJobs(finishedBefore time: Date, limit: Int) async throws -> Int
}
