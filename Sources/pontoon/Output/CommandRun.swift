import Dispatch
import ArgumentParser
import PontoonFoundation
import PontoonClient
import Synchronization
import UnixSignals

/// The result of a command that did not throw an error, although some of its files may have failed.
struct CommandEnd: Sendable {
    private(set) var status: ExitStatus
    /// Counts for the `finished` event.
    private(set) var counts: [(key: String, value: Int64)]

    /// A success without counts.
    static let done = CommandEnd(.done)

    init(_ status: ExitStatus, counts: KeyValuePairs<String, Int64> = [:]) {
        self.status = status
        self.counts = counts.map { $0 }
    }

    /// Returns the result with another count.
    func adding(_ key: String, _ value: Int) -> CommandEnd {
        var end = self
        end.counts.append((key, Int64(value)))
        return end
    }

    /// Returns the result with more failures, given by their exit statuses.
    func failing(_ failures: [ExitStatus]) -> CommandEnd {
        var end = self
        end.status = ExitStatus((status == .done ? [] : [status]) + failures)
        return end
    }
}

/// Runs a command until it finishes, is interrupted or can no longer write its output.
///
/// If the command throws an error, prints the error. With `--json`, the last line is a `finished` or `error` event.
///
/// - Parameters:
///   - json: Whether to print JSON.
///   - afterInterruption: Advice to print after an interruption; `nil` for none, such as for a command that only reads.
///   - work: Runs the command. Its task is cancelled after an interruption.
/// - Throws: `ExitCode` if the exit code is not 0.
func runCommand(
    json: Bool,
    afterInterruption: String? = nil,
    _ work: @escaping @Sendable () async throws -> CommandEnd
) async throws {
    let output = Output.standard
    var end: CommandEnd?
    var failure: (any Error)?
    do {
        end = try await stoppable(announcesStop: afterInterruption != nil, work)
    } catch {
        failure = error
    }
    var status = end?.status ?? failure.map { ExitStatus($0) } ?? .mixed
    if json, let end { output.printLine(finished(end)) }
    if output.failure == nil, !json || end == nil {
        if status == .interrupted {
            let message = "Interrupted." + (afterInterruption.map { " \($0)" } ?? "")
            output.fail(errorCode(CancellationError()), message, json: json)
        } else if let failure {
            output.fail(errorCode(failure), "\(failure)", json: json)
        }
    }
    if output.logFailure != nil, status == .done { status = .localFile }
    if let lost = output.failure { status = report(lost, after: status) }
    guard status == .done else { throw ExitCode(status.rawValue) }
}

private func finished(_ end: CommandEnd) -> String {
    let line = end.counts.reduce(JSONLine("finished")) { $0.with($1.key, $1.value) }
    return line.with("exit_code", Int64(end.status.rawValue)).text
}

/// Reports that output could not be written.
///
/// If the reader closed the pipe, terminates the process without a message.
///
/// - Returns: The exit status, which depends on the `status` of the command.
private func report(_ failure: Output.Failure, after status: ExitStatus) -> ExitStatus {
    if failure.isClosedPipe { Terminal.terminateForClosedPipe() }
    guard failure.stream == .output else { return status == .done ? .localFile : status }
    Output.standard.fail(
        ClientError.Code.fileUnwritable.rawValue,
        "Cannot write to standard output: \(failure.error). Some results are missing.",
        json: false
    )
    return .localFile
}

/// Runs `work`, and cancels it after SIGINT or SIGTERM, or if the output can no longer be written.
///
/// A second signal terminates the process immediately.
///
/// - Returns: The value of `work`, even if `work` returns it after being cancelled.
/// - Throws: The error of `work`; after a signal, usually `CancellationError`.
private func stoppable<Value: Sendable>(
    announcesStop: Bool,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    // Trap signals before the work begins, because the work may turn off the terminal's echo.
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            for await _ in signals {
                if announcesStop { Output.standard.printMessage("Stopping. Press Ctrl-C again to exit at once.") }
                break
            }
            return nil
        }
        group.addTask {
            await Output.standard.waitForFailure()
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            Terminal.stopTrappingSignals()
            group.cancelAll()
            // If the cancelled work still returns a value, use it.
            for try await value in group { if let value { return value } }
            throw CancellationError()
        }
        return value
    }
}

/// Runs blocking work that may never end, such as reading standard input, on a separate thread.
///
/// After a cancellation, the work is abandoned. Its thread continues until the work returns or the process exits, and
/// its result is discarded.
///
/// - Returns: The value of `work`.
/// - Throws: The error of `work`; `CancellationError`.
func abandonable<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let results = AsyncThrowingStream<Value, any Error> { continuation in
        DispatchQueue.global().async {
            do {
                continuation.yield(try work())
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }
    for try await value in results { return value }
    throw CancellationError()
}
