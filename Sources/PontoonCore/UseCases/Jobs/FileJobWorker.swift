package import PontoonFoundation

/// The worker that carries out jobs.
///
/// Any number of workers, on any number of servers that share the stores, may run at the same time.
package struct FileJobWorker: Sendable {
    /// Lease duration if no other server shares the stores.
    ///
    /// A job whose lease could not be released can continue after this time.
    private static let unsharedLeaseDuration: Duration = .seconds(60)

    private let metadata: any MetadataStore
    private let garbage: GarbageCollector
    private let leases: LeaseRenewer
    private let reports: FileJobReports
    private let turn: Duration
    private let maximumEntries: Int

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - objects: The object store, from which the objects of deleted files are removed.
    ///   - leaseDuration: Time without a step after which another server may continue a job; `nil` if no other server
    ///     shares the stores.
    ///   - audit: Receives the changes and failures; `nil` records none.
    ///   - turn: Time for which the worker continues a job before other jobs get a turn; with 0, it performs one step.
    ///   - maximumEntries: Maximum number of files and folders that a job processes.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        leaseDuration: Duration?,
        audit: (any AuditSink)? = nil,
        turn: Duration = .seconds(1),
        maximumEntries: Int = FileJobRules.maximumEntries,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        garbage = GarbageCollector(metadata: metadata, objects: objects)
        leases = LeaseRenewer(duration: leaseDuration ?? Self.unsharedLeaseDuration, now: now)
        self.turn = turn
        self.maximumEntries = maximumEntries
        reports = FileJobReports(audit: audit, now: now)
    }

    /// Continues a job of the user whose last turn was the longest ago, for one turn.
    ///
    /// - Returns: `false` if no job is waiting.
    /// - Throws: An error if a store is unavailable or full; the job is continued later. `CancellationError`.
    package func runOnce() async throws -> Bool {
        // Reading is cheaper than leasing, and usually no job is waiting.
        guard try await metadata.hasWaitingFileJob(now: leases.now()) else { return false }
        let lease = leases.new()
        guard let job = try await metadata.leaseFileJob(lease, now: leases.now()) else { return false }
        let result: Result<Void, any Error>
        do { result = .success(try await work(on: job, lease)) } catch { result = .failure(error) }
        // If this fails, the lease expires on its own.
        try? await metadata.releaseFileJob(job.id, leaseID: lease.id, now: leases.now())
        if job.kind == .delete { await garbage.collect() }
        try result.get()
        return true
    }

    private func work(on job: FileJob, _ lease: Lease) async throws {
        var run = FileJobRun(
            job,
            leaseID: lease.id,
            leases: leases,
            metadata: metadata,
            reports: reports,
            maximumEntries: maximumEntries
        )
        let start = ContinuousClock.now
        do {
            try await EventActor.$current.withValue(job.userName) {
                while try await run.advance(), ContinuousClock.now - start < turn { try Task.checkCancellation() }
            }
        } catch is FileJobRun.LostLease {}
    }
}
