package import PontoonFoundation

/// The use cases that submit and list jobs, and return their results.
///
/// ``FileJobWorker`` performs the jobs.
package struct FileJobs: Sendable {
    private let metadata: any MetadataStore
    private let access: FileJobAccess
    private let now: @Sendable () -> Date

    package init(metadata: any MetadataStore, now: @escaping @Sendable () -> Date = { Date() }) {
        self.metadata = metadata
        self.access = FileJobAccess(metadata)
        self.now = now
    }

    /// Submits a job.
    ///
    /// If one item is refused, the whole job is refused. Each item is checked again when it is processed.
    ///
    /// - Parameters:
    ///   - kind: The action to perform on the items.
    ///   - items: 1 to ``FileJobRules/maximumItems`` items.
    ///   - caller: Needs the permission `copy` (for a copy) or `write` in the source projects, and `write` in the
    ///     destination projects.
    /// - Returns: The job.
    /// - Throws: The errors of ``FileJobRules/check(_:_:)``; the errors of ``FileJobAccess/check(_:_:for:reading:)``,
    ///   with the number of the item in the message; `.limitReached` if the user has too many unfinished jobs.
    package func submit(_ kind: FileJob.Kind, _ items: [FileJobItem], caller: Caller) async throws -> FileJob {
        try FileJobRules.check(items, kind)
        for (index, item) in items.enumerated() {
            do {
                _ = try await access.check(item, kind, for: caller, reading: .cached)
            } catch let error as PontoonError {
                throw PontoonError(error.code, "Item \(index + 1): \(error.message)", cause: error.cause)
            }
        }
        let job = FileJob(
            id: Identifiers.uuid(),
            kind: kind,
            userName: caller.name,
            tokenID: caller.token?.id,
            createdOn: now().wholeMilliseconds
        )
        try await metadata.addFileJob(job, items)
        return job
    }

    /// Returns a job of the caller, with the results of the items processed so far, in the order of the items.
    ///
    /// A token that is limited to projects can access only the jobs that were submitted with it.
    ///
    /// - Throws: `.jobNotFound` if the job does not exist or is of another kind, or if the caller cannot access it.
    package func job(
        _ id: String,
        _ kind: FileJob.Kind,
        caller: Caller
    ) async throws -> (job: FileJob, results: [FileJobResult]) {
        guard let job = try await metadata.fileJob(id), job.kind == kind, job.userName == caller.name,
            !caller.isLimited || job.tokenID == caller.token?.id
        else {
            throw PontoonError(.jobNotFound, "Requested job does not exist.")
        }
        return (job, try await metadata.results(of: job))
    }

    /// Returns one page of the caller's jobs, newest first.
    ///
    /// A token that is limited to projects can list only the jobs that were submitted with it.
    package func list(caller: Caller, page: Page) async throws -> Listing<FileJob> {
        let tokenID = caller.isLimited ? caller.token?.id : nil
        return try await metadata.fileJobs(of: caller.name, tokenID: tokenID, page: page)
    }
}
