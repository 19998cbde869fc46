import Foundation

/// Creates leases, and renews them for the duration of the work.
struct LeaseRenewer: Sendable {
    /// Time from the last renewal to the expiry of a lease; `nil` if the stores are not shared: leases then never
    /// expire.
    let duration: Duration?
    let now: @Sendable () -> Date

    /// A lease that starts now.
    func new() -> Lease { Lease(id: Identifiers.hex(bytes: 16), expiresOn: expiry) }

    /// The same lease with its expiry extended.
    func extended(_ leaseID: String) -> Lease { Lease(id: leaseID, expiresOn: expiry) }

    private var expiry: Date { duration.map { now().addingTimeInterval($0.inSeconds) } ?? .distantFuture }

    /// Performs work under an acquired lease and keeps renewing the lease.
    ///
    /// - Parameters:
    ///   - lease: The lease.
    ///   - renew: Extends the lease in the store; returns `false` if another server has acquired it.
    ///   - body: The work; cancelled if the lease is lost.
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
                        // While the store is unavailable, other servers cannot acquire the lease either, and the commit
                        // checks it in any case.
                    }
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
