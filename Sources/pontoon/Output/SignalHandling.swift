import Foundation
import UnixSignals

/// Runs `work`; on SIGINT or SIGTERM, cancels it, prints how to resume and waits until it stops.
///
/// A second signal terminates the process immediately.
///
/// - Returns: The value of `work`, even if it returns one after its cancellation.
/// - Throws: The error of `work`; after a signal, usually `CancellationError`.
func cancelledBySignals<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        group.addTask {
            for await _ in signals { return nil }
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            Output.standard.printMessage("Stopping. Run the same command again to resume.")
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
            group.cancelAll()
            // If the cancelled work still returns a value, use it.
            for try await value in group { if let value { return value } }
            throw CancellationError()
        }
        return value
    }
}
