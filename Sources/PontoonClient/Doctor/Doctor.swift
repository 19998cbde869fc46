import PontoonFoundation
import Synchronization

/// A diagnosis that checks connectivity, credentials and a test transfer, and suggests fixes.
public struct Doctor: Sendable {
    /// A step of the diagnosis.
    ///
    /// Steps run in the order of the cases.
    public enum Check: String, CaseIterable, Sendable {
        /// The proxy through which requests are sent, if any.
        case proxy
        /// Resolution of the host name of the API or, if there is one, of the proxy.
        case name
        /// The TCP connection to the API or, if there is one, to the proxy.
        case connection
        /// The TLS handshake and the API's response.
        case api
        /// The difference between the local clock and the server's.
        case clock
        /// The validity of the token.
        case token
        /// The number of calls that the token's rate limit still allows.
        case calls
        /// The user's projects.
        case projects
        /// The user's permissions in the project of the test transfer.
        case permissions
        /// The upload of a test file.
        case upload
        /// The download of the test file.
        case download
        /// The deletion of the test file.
        case removal
    }

    /// The severity of a check's result.
    public enum Verdict: String, Sendable {
        /// There is no problem.
        case good
        /// Something needs attention, but transfers may still work.
        case warning
        /// The check failed, so uploads, downloads or both do not work or could not be tested.
        case bad
    }

    /// The result of a check.
    public struct Finding: Sendable {
        /// The step that produced the finding.
        public let check: Check
        /// The severity of the result.
        public let verdict: Verdict
        /// The result, as a sentence for the user.
        public let message: String
        /// Suggested fix; `nil` if there is none.
        public let advice: String?
        /// The error that caused the verdict; never `nil` if the verdict is `bad`.
        public let error: (any Error)?
        /// Duration of the check; `nil` if it was not measured.
        public let time: Duration?
    }

    /// Options of the test transfer.
    public struct Options: Sendable {
        /// Id of the project for the test transfer.
        ///
        /// If `nil`, the user's only project is used. In this case, the test transfer is skipped unless the user has
        /// exactly one project.
        public var project: String?
        /// Length of the test file in bytes.
        public var size = 4 << 20

        /// Creates the default options.
        public init() {}
    }

    let credentials: Credentials
    let settings: ClientSettings
    let options: Options

    /// Creates a doctor for an API and a user.
    ///
    /// - Parameters:
    ///   - credentials: URL of the API and the user's token.
    ///   - settings: Connection, timeout and retry settings. The doctor makes at most 2 attempts per request and uses a
    ///     call timeout of at most 20 seconds.
    ///   - options: Options of the test transfer.
    public init(_ credentials: Credentials, settings: ClientSettings, options: Options = Options()) {
        self.credentials = credentials
        var settings = settings
        // Report problems within seconds instead of retrying for minutes.
        settings.retry.attempts = min(settings.retry.attempts ?? 2, 2)
        settings.callTimeout = min(settings.callTimeout, .seconds(20))
        self.settings = settings
        self.options = options
    }

    /// Runs the checks, skipping checks that depend on a failed check.
    ///
    /// If there is a project for the test transfer and the user may write to it, a test file is uploaded, downloaded
    /// and deleted.
    ///
    /// - Parameter report: Called with each finding as soon as it is available.
    /// - Returns: The findings, in the order in which they were reported.
    /// - Throws: ``ClientError`` with code `.tlsFailed` if the CA certificates cannot be read; `CancellationError`; a
    ///   file system error if the local test files cannot be deleted.
    public func diagnose(_ report: @escaping @Sendable (Finding) -> Void) async throws -> [Finding] {
        let run = DiagnosticRun(report)
        guard await checkNetwork(run) else { return run.findings }
        try await SevenBridgesClient.withClient(credentials, settings: settings) { client in
            guard await checkAPI(client, run), await checkToken(client, run) else { return }
            guard let project = await checkProjects(client, run) else { return }
            try await checkTransfer(client, project, run)
        }
        try Task.checkCancellation()
        return run.findings
    }
}

/// A collector of the findings of one diagnosis.
final class DiagnosticRun: Sendable {
    private let list = Mutex<[Doctor.Finding]>([])
    private let report: @Sendable (Doctor.Finding) -> Void

    init(_ report: @escaping @Sendable (Doctor.Finding) -> Void) { self.report = report }

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
        report(finding)
    }

    /// Adds a finding with the verdict `.bad` for an error, unless the error is a cancellation.
    func fail(_ check: Doctor.Check, _ error: any Error) {
        switch error {
        case is CancellationError: break
        case let error as ClientError: note(check, .bad, error.message, advice: error.advice, error: error)
        default: note(check, .bad, "\(error)", error: error)
        }
    }

    /// Runs one step of a check and measures its duration, adding a finding if the step fails.
    ///
    /// - Returns: The value that `body` returns, and the duration; `nil` if `body` throws an error.
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
