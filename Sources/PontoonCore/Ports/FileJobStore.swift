package import PontoonFoundation

/// Storage of jobs.
///
/// A server that works on a job holds its lease, which every step checks and extends.
package protocol FileJobStore: Sendable {
    /// Adds a job, and removes the oldest finished ones of the user so that at most ``FileJobRules/keptJobs`` remain.
    /// - Throws: `.limitReached` if the user has ``FileJobRules/maximumUnfinishedJobs`` unfinished jobs;
    ///   `.userNotFound`.
    func addFileJob(_ job: FileJob, _ items: [FileJobItem]) async throws
    /// Returns a job; `nil` if it does not exist.
    func fileJob(_ id: String) async throws -> FileJob?
    /// Returns jobs of a user, newest first, and their number; with a token, only those that were submitted with it.
    func fileJobs(of userName: String, tokenID: String?, page: Page) async throws -> Listing<FileJob>
    /// Returns the results of the items of a job that are done, in the order of the items.
    func results(of job: FileJob) async throws -> [FileJobResult]
    /// Returns items of a job in order, starting at a position.
    func items(ofFileJob id: String, from position: Int, limit: Int) async throws -> [FileJobItem]
    /// Returns the folder at a depth, counted from 1; `nil` if there is none.
    func folder(ofFileJob id: String, depth: Int) async throws -> FileJobFolder?
    /// Returns the entries of a folder whose names follow a name, in order; `nil` starts with the first.
    func entries(in folder: String, after name: String?, limit: Int) async throws -> [FolderEntry]
    /// Returns whether a folder is the same as another one, or inside it.
    /// - Throws: `.limitReached` if it is not, and the folder's level is ``FolderRules/maximumLevel`` or higher, so
    ///   that it cannot be the destination of a folder.
    func isFolder(_ id: String, inside other: String) async throws -> Bool
    /// Returns whether there is an unfinished job without a valid lease.
    func hasWaitingFileJob(now: Date) async throws -> Bool
    /// Leases an unfinished job without a valid lease, and records its start.
    ///
    /// Users take turns: the job is one of the user for whom the longest time has passed since a job was leased. Of the
    /// jobs of this user, it is the one that has waited longest. Jobs that other calls are leasing at this moment are
    /// skipped. The call waits for no other transaction: while one changes the user, the jobs of all other users come
    /// first, and the turn of this user is not counted.
    /// - Returns: The job; `nil` if there is none.
    func leaseFileJob(_ lease: Lease, now: Date) async throws -> FileJob?
    /// Performs a step, and extends the lease. If a step throws, nothing has changed.
    ///
    /// `.makeFolder` returns the existing folder of this name; if a file has the name, the folder gets a numbered one.
    ///
    /// A step within a folder requires that each folder that is being visited is still in the one above it, and the
    /// first one in ``FileJobStep/parent``. The file or folder to which the step applies must still be in the current
    /// folder, or in ``FileJobStep/parent``.
    /// - Parameters:
    ///   - step: The step.
    ///   - id: The job.
    ///   - lease: The lease, with its new expiry.
    ///   - now: The time that is recorded as the end of the job, if the step finishes it.
    /// - Returns: The result; `.lost`, with nothing changed, if the job is finished or not leased under this id;
    ///   `.entryLeft` or `.folderLeft`, with nothing changed, if others moved or deleted the entry or a folder that is
    ///   being visited.
    /// - Throws: The errors of ``FileStore/copyFile(_:as:)``, ``FileStore/deleteFile(_:)`` and
    ///   ``FileStore/addFolder(_:)``; `.fileNotFound` for a missing file or folder if the step does not record the
    ///   folder that contained it; `.copyCycle` or `.moveCycle` if the entered folder is a destination of the job, or
    ///   its own destination is one of its folders.
    func perform(_ step: FileJobStep, ofFileJob id: String, _ lease: Lease, now: Date) async throws -> FileJobStepResult
    /// Releases the lease of a job, which then waits behind the others of its user; does nothing if it is leased under
    /// another id.
    func releaseFileJob(_ id: String, leaseID: String, now: Date) async throws
    /// Releases the leases of all jobs.
    func releaseFileJobs() async throws
    /// Removes up to `limit` jobs that finished before a time.
    /// - Returns: The number of removed jobs.
    func pruneFileJobs(finishedBefore time: Date, limit: Int) async throws -> Int
}
