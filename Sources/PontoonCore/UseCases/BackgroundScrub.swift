package import PontoonFoundation

/// The background scrubs: one checks all objects periodically, the other checks objects on request.
///
/// If several servers share the stores, only one of them at a time runs each kind of scrub.
package struct BackgroundScrub: Sendable {
    private let metadata: any MetadataStore
    private let periodic: Scrub
    private let requested: Scrub
    private let interval: Duration?
    private let leases: LeaseRenewer

    /// - Parameters:
    ///   - metadata: The records of the objects.
    ///   - source: Reads the objects.
    ///   - interval: Time after which each object is checked again; `nil` checks objects only on request.
    ///   - bytesPerSecond: Maximum rate at which objects are read, for each kind of scrub; `nil` means no limit.
    ///   - leaseDuration: Time without a lease renewal after which another server may take over; `nil` if no other
    ///     server shares the stores.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        source: any ScrubSource,
        interval: Duration?,
        bytesPerSecond: Int64?,
        leaseDuration: Duration?,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.interval = interval
        // Each scrub has its own rate limit, so that a requested check need not wait for a large object of the periodic
        // scrub.
        periodic = Scrub(store: metadata, source: source, bytesPerSecond: bytesPerSecond, now: now)
        requested = Scrub(store: metadata, source: source, bytesPerSecond: bytesPerSecond, now: now)
        leases = LeaseRenewer(duration: leaseDuration, now: now)
    }

    /// Checks the objects that are due for their periodic check.
    ///
    /// - Parameter report: Called with each result once it is recorded.
    /// - Returns: The totals of this run; `nil` if the periodic scrub is off, or another server is running it or has
    ///   taken it over.
    /// - Throws: An error if a store is unavailable; `CancellationError`. The next run checks the remaining objects.
    package func runPeriodic(report: @escaping @Sendable (ObjectCheck) async -> Void) async throws -> Scrub.Totals? {
        guard let interval else { return nil }
        return try await leases.runExclusively("scrub", in: metadata) { [periodic] in
            try await periodic.run(interval: interval, report: report)
        }
    }

    /// Checks the objects for which a check was requested; does nothing while another server checks them.
    ///
    /// - Throws: The errors of ``runPeriodic(report:)``.
    package func runRequested(report: @escaping @Sendable (ObjectCheck) async -> Void) async throws {
        // Reading is cheaper than acquiring the lease, and usually there are no requests.
        guard try await !metadata.requestedChecks(limit: 1).isEmpty else { return }
        _ = try await leases.runExclusively("requested-scrub", in: metadata) { [requested] in
            try await requested.runRequested(report: report)
        }
    }

    /// Returns the ids of the files, including package files, that use an object.
    package func files(of object: FileContent) async throws -> [String] { try await metadata.files(of: object.key) }
}
