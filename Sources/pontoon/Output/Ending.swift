import ArgumentParser
import Foundation
import PontoonClient

/// How the process ends; documented in docs/client.md#exit-codes.
enum Ending: Int32 {
    case done = 0
    /// Several files failed for different reasons, or something nobody thought of.
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

    /// How an error ends the process.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as APIError: Self.of(error)
            case let error as ClientError: Self.of(error.code)
            case is CancellationError: .interrupted
            default: .mixed
            }
    }

    /// How several failures end it: as one does when all are of a kind.
    init(_ endings: [Ending]) {
        let kinds = Set(endings)
        self =
            kinds.isEmpty ? .done : kinds.count == 1 ? endings[0] : kinds.contains(.interrupted) ? .interrupted : .mixed
    }

    private static func of(_ error: APIError) -> Ending {
        switch (error.status, error.code) {
        case (401, _), (403, _): .notAllowed
        case (404, _): .notFound
        case (_, 8005), (_, 5003), (_, 5030): .nameTaken
        default: .refused
        }
    }

    private static func of(_ code: ClientError.Code) -> Ending {
        switch code {
        case .endpointInvalid, .requestInvalid: .badRequest
        case .credentialsMissing: .notAllowed
        case .unreachable, .tlsFailed, .connectionLost, .timedOut: .noConnection
        case .answerUnreadable, .storageRefused: .refused
        case .checksumMismatch: .checksumsDiffer
        case .fileChanged, .fileUnreadable, .fileUnwritable, .diskFull, .fileUnsuitable, .stateUnusable: .localFile
        case .busy: .busy
        case .nameTaken: .nameTaken
        case .notFound: .notFound
        }
    }
}

/// Names of failures in `--json`.
func errorCode(_ error: any Error) -> String {
    switch error {
    case let error as APIError: error.code.map { "api_\($0)" } ?? "http_\(error.status)"
    case let error as ClientError: error.code.rawValue
    case is CancellationError: "cancelled"
    default: "unexpected"
    }
}

/// Runs a command's work until it is done or the user interrupts it, and ends the process as it ended.
func running(json: Bool, _ work: @escaping @Sendable () async throws -> Ending) async throws {
    let ending: Ending
    do {
        ending = try await interruptible(work)
    } catch {
        Output.standard.fail(error, json: json)
        ending = Ending(error)
    }
    guard ending == .done else { throw ExitCode(ending.rawValue) }
}
