import Foundation

/// Makes claims, and keeps them alive while something is done under them.
struct LeaseRenewer: Sendable {
    /// How long a lease outlives its last renewal; `nil` when no other server can be at work, then it never ends.
    let lifetime: Duration?
    let now: @Sendable () -> Date

    /// A lease that begins now.
    func new() -> Lease { Lease(id: Identifiers.hex(bytes: 16), expiresOn: end) }

    private var end: Date { lifetime.map { now().addingTimeInterval($0.inSeconds) } ?? .distantFuture }

    /// Does something under a lease that was made.
    ///
    /// - Parameters:
    ///   - lease: The lease.
    ///   - renew: Moves the end of the lease; `false` when somebody else has it.
    ///   - body: The work; cancelled when the lease is lost.
    /// - Returns: What the work came to.
    /// - Throws: ``LeaseLost``; what the work throws.
    func keep<Value: Sendable>(
        _ lease: Lease,
        renew: @escaping @Sendable (Lease) async throws -> Bool,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let lifetime else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try await Task.sleep(for: lifetime / 3)
                    do {
                        guard try await renew(Lease(id: lease.id, expiresOn: end)) else { throw LeaseLost() }
                    } catch let error where !(error is LeaseLost || error is CancellationError) {
                        // The store cannot be asked, so nobody else can lease either; what is committed is fenced anyway.
                    }
                }
            }
            defer { group.cancelAll() }
            guard let value = try await group.next(), let value else { throw LeaseLost() }
            return value
        }
    }
}

/// Somebody else has claimed the same, because this server gave no sign of life for too long.
struct LeaseLost: Error {}
