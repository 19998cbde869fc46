import PontoonClient

/// The exit status of the process, as documented in docs/client.md#exit-codes.
enum ExitStatus: Int32 {
    case done = 0
    /// Several files failed for different reasons, `sync --delete` kept files, a command of `watch --then` failed, or
    /// an unexpected error occurred.
    case mixed = 1
    case notAllowed = 3
    case notFound = 4
    case nameTaken = 5
    case noConnection = 6
    case checksumsDiffer = 7
    case localFile = 8
    case busy = 9
    case refused = 10
    case badRequest = 64
    case interrupted = 130

    /// Creates the exit status for an error.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as APIError: Self.status(for: error)
            case let error as ClientError: Self.status(for: error.code)
            case is CancellationError: .interrupted
            default: .mixed
            }
    }

    /// Creates the exit status for any number of failures.
    ///
    /// Without failures, the status is ``done``. If all failures have the same status, that status is used. Otherwise,
    /// the status is ``interrupted`` if any failure is an interruption, or else ``mixed``.
    init(_ failures: [ExitStatus]) {
        let kinds = Set(failures)
        if let first = kinds.first {
            self = kinds.count == 1 ? first : kinds.contains(.interrupted) ? .interrupted : .mixed
        } else {
            self = .done
        }
    }

    private static func status(for error: APIError) -> ExitStatus {
        switch (error.status, error.code) {
        case (401, _), (403, _): .notAllowed
        case (404, _): .notFound
        case (_, 8005), (_, 5003), (_, 5030), (_, 3003): .nameTaken
        default: .refused
        }
    }

    private static func status(for code: ClientError.Code) -> ExitStatus {
        switch code {
        case .endpointInvalid, .requestInvalid: .badRequest
        case .credentialsMissing, .notAllowed: .notAllowed
        case .unreachable, .tlsFailed, .connectionLost, .timedOut: .noConnection
        case .responseUnreadable, .responseTooLong, .storageRefused, .verificationFailed: .refused
        case .checksumMismatch: .checksumsDiffer
        case .fileChanged, .fileUnreadable, .fileUnwritable, .diskFull, .fileUnsuitable, .stateUnusable: .localFile
        case .busy: .busy
        case .nameTaken: .nameTaken
        case .notFound: .notFound
        case .heldBack: .mixed
        }
    }
}

/// Returns the value of the `code` field for an error in the output of `--json`.
func errorCode(_ error: any Error) -> String {
    switch error {
    case let error as APIError: error.code.map { "api_\($0)" } ?? "http_\(error.status)"
    case let error as ClientError: error.code.rawValue
    case is CancellationError: "cancelled"
    default: "unexpected"
    }
}
