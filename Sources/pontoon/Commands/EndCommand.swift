import PontoonFoundation
import PontoonClient
import Subprocess
import Synchronization
import SystemPackage

/// The shell command given with `--then`, which is executed whenever an instrument run has ended.
final class EndCommand: Sendable {
    private let text: String
    private let report: WatchReport
    private let failed = Mutex<[ExitStatus]>([])

    /// Maximum running time of the command, after which it is terminated.
    private static let longest = Duration.seconds(3600)

    init(text: String, report: WatchReport) { (self.text, self.report) = (text, report) }

    /// An exit status for each execution of the command that failed.
    var statuses: [ExitStatus] { failed.withLock { $0 } }

    /// Runs the command for a run that has ended, and waits until the command exits.
    ///
    /// A failure of the command is reported, but does not stop the watch.
    ///
    /// - Throws: `CancellationError` if the watch stops, after the command has been terminated.
    func run(_ notice: RunNotice) async throws {
        let problem: String?
        do {
            let status = try await withDeadline { try await self.execute(notice) }
            problem =
                switch status {
                case .exited(0)?: nil
                case .exited(let code)?: "exited with \(code)"
                case .signaled(let signal)?: "was terminated by signal \(signal)"
                case nil: "was terminated because it did not exit within an hour"
                }
        } catch let error as SubprocessError {
            problem = "could not be started: \(error)"
        }
        try Task.checkCancellation()
        guard let problem else { return }
        failed.withLock { $0.append(.mixed) }
        Output.standard.warn("The --then command for '\(notice.run)' \(problem).", json: report.json)
    }

    private func execute(_ notice: RunNotice) async throws -> TerminationStatus {
        let variables: [Environment.Key: String?] = [
            "PONTOON_RUN": notice.run.string,
            "PONTOON_DESTINATION": report.destination(of: notice),
            "PONTOON_RESULT": notice.state.rawValue,
            "PONTOON_RECEIPT": notice.receipt?.string ?? "",
        ]
        var options = PlatformOptions()
        // Create a process group, so that the processes that the shell has started are terminated with it.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(10))
        ]
        return try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", text],
            environment: .inherit.updating(variables),
            platformOptions: options,
            input: .none,
            // Standard output is reserved for the results of this program.
            output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ).terminationStatus
    }

    /// Returns the value of `body`; `nil` if it was cancelled at the deadline.
    private func withDeadline<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: Self.longest)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { return nil }
            return value
        }
    }
}
