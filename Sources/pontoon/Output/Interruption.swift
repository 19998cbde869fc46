import Foundation
import UnixSignals

/// Runs something that is cancelled by Ctrl-C or SIGTERM; a second signal ends the process at once.
func interruptible<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        group.addTask {
            for await _ in signals { return nil }
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            Output.standard.note("Stopping; what was sent stays, and the same command goes on with it.")
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
            group.cancelAll()
            // The work says itself how it ended when it was cancelled.
            for try await value in group { if let value { return value } }
            throw CancellationError()
        }
        return value
    }
}
