import Foundation
import PontoonCore
import Subprocess
import SystemPackage

/// A program of the operator, run without a shell and without arguments.
///
/// It runs in a separate session in the directory `/`, with a new environment, and inherits no open files except its
/// standard streams. When it exits or is stopped, all processes in its process group are killed.
struct Program: Sendable {
    /// The absolute path.
    let path: FilePath
    /// Time after which a run is stopped.
    let timeout: Duration
    /// Time between SIGTERM and SIGKILL when a run is stopped.
    var grace = Duration.seconds(5)

    /// The environment variables that every run has in addition to its facts.
    private static let environment = [
        "LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]

    /// Ignores SIGPIPE, so that writing to a program that has closed its standard input fails instead of terminating
    /// this process.
    private static let ignoresBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

    /// Runs the program once.
    ///
    /// - Parameters:
    ///   - input: The bytes of its standard input. The program need not read them.
    ///   - facts: Environment variables of this run. They must not contain secrets.
    /// - Returns: The result, duration and output of the run.
    /// - Throws: `CancellationError` if the task is cancelled, after the program has been stopped.
    func run(input: [UInt8], facts: [String: String]) async throws -> ProgramRun {
        _ = Self.ignoresBrokenPipes
        let output = ProgramOutput()
        let clock = ContinuousClock()
        let start = clock.now
        let end: ProgramRun.End
        do {
            end =
                switch try await limited({ try await execute(input, facts, output) }) {
                case .exited(let code)?: .exited(Int(code))
                case .signaled(let signal)?: .signaled(Int(signal))
                case nil: .timedOut
                }
        } catch let error as SubprocessError {
            end = .failed("\(error)")
        }
        try Task.checkCancellation()
        return ProgramRun(end: end, duration: clock.now - start, head: output.head, tail: output.tail)
    }

    /// Returns the value of `body`; `nil` if it was cancelled at the timeout.
    private func limited<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask { [timeout] in
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { return nil }
            return value
        }
    }

    private func execute(
        _ input: [UInt8],
        _ facts: [String: String],
        _ output: ProgramOutput
    ) async throws -> TerminationStatus {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)]
        let variables = Self.environment.merging(facts) { $1 }
            .map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        return try await Subprocess.run(
            .path(path),
            environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
            workingDirectory: "/",
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .sequence
        ) { execution in
            let (writer, process) = (execution.standardInputWriter, execution.processIdentifier.value)
            let (standardOutput, standardError) = (execution.standardOutput, execution.standardError)
            await withTaskGroup { group in
                group.addTask {
                    // Errors are ignored, because the program may close its standard input early.
                    _ = try? await writer.write(input)
                    try? await writer.finish()
                }
                group.addTask { await output.read(standardOutput, isStandardOutput: true) }
                group.addTask { await output.read(standardError, isStandardOutput: false) }
                await Self.waitForExit(of: process)
                output.finish()
                // Killed before the exit status is collected, because the id of the group can be reused afterwards.
                kill(-process, SIGKILL)
            }
        }.terminationStatus
    }

    /// Waits until a child process has exited, without collecting its exit status.
    ///
    /// Blocks a thread, which is acceptable because few child processes run at once.
    private static func waitForExit(of process: pid_t) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var info = siginfo_t()
                while waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
                continuation.resume()
            }
        }
    }
}

/// The result, duration and output of one run of a program.
struct ProgramRun: Sendable {
    enum End: Hashable, Sendable, CustomStringConvertible {
        case exited(Int)
        case signaled(Int)
        case timedOut
        /// The program could not be started or monitored, for this reason.
        case failed(String)

        var description: String {
            switch self {
            case .exited(let code): "exited with status \(code)"
            case .signaled(let signal): "terminated by signal \(signal)"
            case .timedOut: "stopped after the timeout"
            case .failed(let reason): "could not be started or monitored: \(reason)"
            }
        }
    }

    let end: End
    let duration: Duration
    /// The first ``ProgramOutput/limit`` bytes of standard output.
    let head: [UInt8]
    /// The last ``ProgramOutput/limit`` bytes of standard output and standard error.
    let tail: [UInt8]

    /// The tail of the output as one line of visible characters, for the log.
    var lastOutput: String {
        String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " | ").visible
    }
}
