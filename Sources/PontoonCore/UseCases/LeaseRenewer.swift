import PontoonFoundation

/// A factory for leases that also renews a lease while work runs under it.
struct LeaseRenewer: Sendable {
    /// Time from the creation or last renewal of a lease to its expiry.
    ///
    /// `nil` if no other server shares the stores. Leases then never expire.
    let duration: Duration?
    let now: @Sendable () -> Date

    /// Returns a lease with a random id that expires after ``duration``.
    ///
    /// Does not acquire the lease in the store.
    func new() -> Lease { Lease(id: Identifiers.hex(bytes: 16), expiresOn: expiry) }

    /// Returns a lease with this id that expires after ``duration``.
    ///
    /// Does not renew the lease in the store.
    func extended(_ leaseID: String) -> Lease { Lease(id: leaseID, expiresOn: expiry) }

    private var expiry: Date { duration.map { now().addingTimeInterval($0.inSeconds) } ?? .distantFuture }

    /// Runs `body` under an acquired lease, and renews the lease until `body` returns.
    ///
    /// Leases that never expire are not renewed.
    ///
    /// - Parameters:
    ///   - lease: The lease.
    ///   - renew: Renews the lease in the store with the expiry of its argument; returns `false` if the lease is lost.
    ///     Called whenever a third of ``duration`` has passed. Errors are ignored, and the next call tries again.
    ///   - body: The work; cancelled if the lease is lost.
    /// - Returns: The result of `body`; `nil` if the lease was lost first.
    /// - Throws: The error of `body`; `CancellationError`.
    func keep<Value: Sendable>(
        _ lease: Lease,
        renew: @escaping @Sendable (Lease) async throws -> Bool,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        guard let duration else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try await Task.sleep(for: duration / 3)
                    do {
                        guard try await renew(extended(lease.id)) else { return nil }
                    } catch let error where !(error is CancellationError) {
                        // A failed renewal is not fatal: while the store is unavailable, no other server can take over
                        // either, and the commit checks the lease in any case.
                    }
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Runs a maintenance task under its lease, unless another server is running the task.
    ///
    /// If no other server shares the stores, runs the task without a lease.
    ///
    /// - Returns: The result of `body`; `nil` if another server is running the task, or took it over because the lease
    ///   was lost.
    /// - Throws: The error of `body`, or of the attempt to acquire the lease; `CancellationError`.
    func runExclusively<Value: Sendable>(
        _ task: String,
        in metadata: any MetadataStore,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        // A single server needs no lease. Its leases never expire, so a crash would leave one that blocks the task.
        guard duration != nil else { return try await body() }
        let lease = new()
        guard try await metadata.acquireLease(task, lease, now: now()) else { return nil }
        let result: Result<Value?, any Error>
        do {
            result = .success(
                try await keep(lease) {
                    try await metadata.acquireLease(task, $0, now: now())
                } _: {
                    try await body()
                }
            )
        } catch {
            result = .failure(error)
        }
        // If this fails, the lease expires on its own.
        try? await metadata.endLease(task, leaseID: lease.id)
        return try result.get()
    }
}
