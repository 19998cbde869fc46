import Foundation
import Synchronization

/// Tries, one after the other, all that an upload needs, and says in plain words what is wrong and what to do.
public struct Doctor: Sendable {
    /// What is looked at.
    public enum Check: String, CaseIterable, Sendable {
        case proxy
        case name
        case connection
        case api
        case clock
        case token
        case calls
        case projects
        case permissions
        case upload
        case download
        case removal
    }

    /// How it was found.
    public enum Verdict: String, Sendable {
        case good
        /// Things work, but not as they should.
        case warning
        case bad
    }

    /// What was found.
    public struct Finding: Sendable {
        /// What was looked at.
        public let check: Check
        /// How it was found.
        public let verdict: Verdict
        /// What was found, in a sentence.
        public let message: String
        /// What to do about it.
        public let advice: String?
        /// What is behind a bad one.
        public let error: (any Error)?
        /// How long it took; `nil` where that says nothing.
        public let time: Duration?
    }

    /// What is tried.
    public struct Options: Sendable {
        /// Project into which a file is uploaded; `nil` takes the only one, and uploads nothing when there are several.
        public var project: String?
        /// Bytes of that file.
        public var size = 4 << 20

        /// Takes the usual values.
        public init() {}
    }

    let credentials: Credentials
    let settings: ClientSettings
    let options: Options

    /// Takes who to call, how, and what to try.
    public init(_ credentials: Credentials, settings: ClientSettings, options: Options = Options()) {
        self.credentials = credentials
        var settings = settings
        // Who asks what is wrong does not want to wait until it is certain.
        settings.retry.attempts = min(settings.retry.attempts, 2)
        settings.callTimeout = min(settings.callTimeout, .seconds(20))
        self.settings = settings
        self.options = options
    }

    /// Looks at everything; what depends on something bad is left out.
    ///
    /// A file is uploaded, downloaded and removed when there is a project for it.
    ///
    /// - Parameter tell: Gets each finding as it is made.
    /// - Returns: The findings, in order.
    /// - Throws: `.tlsFailed` for a file of certificates that cannot be read; `CancellationError`.
    public func examine(_ tell: @escaping @Sendable (Finding) -> Void) async throws -> [Finding] {
        let run = DiagnosticRun(tell)
        guard await findServer(run) else { return run.findings }
        try await SevenBridgesClient.withClient(credentials, settings: settings) { client in
            guard await meetAPI(client, run), await meetUser(client, run) else { return }
            guard let project = await findProject(client, run) else { return }
            try await tryTransfer(client, project, run)
        }
        try Task.checkCancellation()
        return run.findings
    }
}

/// The findings so far.
final class DiagnosticRun: Sendable {
    private let list = Mutex<[Doctor.Finding]>([])
    private let tell: @Sendable (Doctor.Finding) -> Void

    init(_ tell: @escaping @Sendable (Doctor.Finding) -> Void) { self.tell = tell }

    var findings: [Doctor.Finding] { list.withLock { $0 } }

    func note(
        _ check: Doctor.Check,
        _ verdict: Doctor.Verdict,
        _ message: String,
        advice: String? = nil,
        error: (any Error)? = nil,
        time: Duration? = nil
    ) {
        let finding = Doctor.Finding(
            check: check,
            verdict: verdict,
            message: message,
            advice: advice,
            error: error,
            time: time
        )
        list.withLock { $0.append(finding) }
        tell(finding)
    }

    /// A failure, in its own words.
    func fail(_ check: Doctor.Check, _ error: any Error) {
        switch error {
        case is CancellationError: break
        case let error as ClientError: note(check, .bad, error.message, advice: error.advice, error: error)
        default: note(check, .bad, "\(error)", error: error)
        }
    }

    /// Does something and takes its time; a failure is noted.
    ///
    /// - Returns: `nil` when it failed.
    func attempt<Value: Sendable>(
        _ check: Doctor.Check,
        _ body: () async throws -> Value
    ) async -> (value: Value, time: Duration)? {
        let start = ContinuousClock.now
        do {
            return (try await body(), .now - start)
        } catch {
            fail(check, error)
            return nil
        }
    }
}
