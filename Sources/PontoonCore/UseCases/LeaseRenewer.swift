import Foundation

/// Creates leases, and renews them while work is done under them.
struct LeaseRenewer: Sendable {
    /// How long a lease outlives its last renewal; `nil` when no other server shares the stores, then leases never expire.
    let duration: Duration?
    let now: @Sendable () -> Date

    /// A lease that begins now.
    func new() -> Lease { Lease(id: Identifiers.hex(bytes: 16), expiresOn: expiry) }

    /// The same lease, to last from now.
    func extended(_ leaseID: String) -> Lease { Lease(id: leaseID, expiresOn: expiry) }

    private var expiry: Date { duration.map { now().addingTimeInterval($0.inSeconds) } ?? .distantFuture }

    /// Does work under a lease that was acquired, and renews the lease meanwhile.
    ///
    /// - Parameters:
    ///   - lease: The lease.
    ///   - renew: Extends the lease in the store; `false` when somebody else holds it.
    ///   - body: The work; cancelled when the lease is lost.
    /// - Returns: The result of the work; `nil` if the lease was lost first.
    /// - Throws: The error of the work.
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
                        // While the store is unavailable nobody else can acquire the lease either, and the commit checks it
                        // in any case.
                    }
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
