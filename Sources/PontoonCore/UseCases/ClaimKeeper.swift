import Foundation

/// Makes claims, and keeps them alive while something is done under them.
struct ClaimKeeper: Sendable {
    /// How long a claim outlives its last renewal; `nil` when no other server can be at work, then it never ends.
    let lifetime: Duration?
    let now: @Sendable () -> Date

    /// A claim that begins now.
    func new() -> Claim { Claim(holder: Identifiers.hex(bytes: 16), expiresOn: end) }

    private var end: Date { lifetime.map { now().addingTimeInterval($0.timeInterval) } ?? .distantFuture }

    /// Does something under a claim that was made.
    ///
    /// - Parameters:
    ///   - claim: The claim.
    ///   - renew: Moves the end of the claim; `false` when somebody else has it.
    ///   - body: The work; cancelled when the claim is lost.
    /// - Returns: What the work came to.
    /// - Throws: ``ClaimLost``; what the work throws.
    func keep<Value: Sendable>(
        _ claim: Claim,
        renew: @escaping @Sendable (Claim) async throws -> Bool,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let lifetime else { return try await body() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try await Task.sleep(for: lifetime / 3)
                    do {
                        guard try await renew(Claim(holder: claim.holder, expiresOn: end)) else { throw ClaimLost() }
                    } catch let error where !(error is ClaimLost || error is CancellationError) {
                        // The store cannot be asked, so nobody else can claim either; what is committed is fenced anyway.
                    }
                }
            }
            defer { group.cancelAll() }
            guard let value = try await group.next(), let value else { throw ClaimLost() }
            return value
        }
    }
}

/// Somebody else has claimed the same, because this server gave no sign of life for too long.
struct ClaimLost: Error {}
