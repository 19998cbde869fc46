#if PostgreSQL
import Dispatch

@testable import PontoonMetadata

/// Runs `body` while a transaction is open.
///
/// - Parameters:
///   - store: A store in PostgreSQL. In SQLite, the body could not write.
///   - start: The first statements of the transaction.
///   - body: Runs after these statements. The transaction is then committed.
/// - Throws: The error of the body; otherwise the error of the transaction.
func whileTransactionIsOpen(
    in store: SQLMetadataStore,
    startingWith start: @escaping @Sendable (any SQLConnection) throws -> Void = { _ in },
    _ body: @Sendable () async throws -> Void
) async throws {
    let (opened, isOpen) = AsyncStream.makeStream(of: Void.self)
    let release = DispatchSemaphore(value: 0)
    async let transaction: Void = store.driver.write { connection in
        try start(connection)
        repeat {
            // Sends the queued statements. PostgreSQL would end a transaction that is idle for too long.
            _ = try connection.query("SELECT 1")
            isOpen.finish()
        } while release.wait(timeout: .now() + .milliseconds(50)) == .timedOut
    }
    for await _ in opened {}
    do {
        try await body()
    } catch {
        release.signal()
        throw error
    }
    release.signal()
    try await transaction
}
#endif
