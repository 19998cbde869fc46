import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import PontoonCore
import SystemPackage

extension AppContext {
    /// Creates the response to an error and logs the details that the client must not see.
    ///
    /// - Throws: `error` if it comes from the HTTP parser, because the channel itself responds to such errors.
    func response(to error: any Error) throws -> Response {
        if error is HTTPParserError { throw error }
        let refusal = refusal(for: error)
        record.note(refusal: refusal.code)
        return .refusal(refusal, as: errorFormat)
    }

    /// Returns the refusal that the client receives for an error, and logs the details that the client must not see.
    func refusal(for error: any Error) -> PontoonError {
        if let refusal = error as? PontoonError {
            logCause(of: refusal)
            return refusal
        }
        if let refusal = error as? HTTPError, refusal.status == .notFound {
            return PontoonError(.routeNotFound, "There is no resource at this URL.")
        }
        if error is SlowRequestError {
            return PontoonError(.requestTimedOut, "The request body did not arrive in time.")
        }
        if error is ConnectionLostError || error is ChannelError || error is CancellationError {
            log.debug("connection closed", metadata: ["error": "\(error)"])
            return PontoonError(.bodyIncomplete, "The connection was closed before the request was complete.")
        }
        // This happens only while a response is being sent; before that, ``response(to:)`` throws the error.
        if error is HTTPParserError {
            log.debug("request body malformed", metadata: ["error": "\(error)"])
            return PontoonError(.bodyIncomplete, "The request body was cut off, or is not well-formed HTTP.")
        }
        if let shortage = error as? Errno, [.tooManyOpenFiles, .tooManyOpenFilesInSystem].contains(shortage) {
            log.error("out of file descriptors", metadata: ["error": "\(shortage)"])
            return PontoonError(.unavailable, "The server is overloaded; try again later.")
        }
        if let fault = error as? any TemporaryError, fault.isTemporary {
            record.note(refusal: .unavailable, fault: .unavailable)
            log.error("store unavailable", metadata: ["error": "\(error)"])
            return PontoonError(.unavailable, "The service is temporarily unavailable; try again later.")
        }
        log.error("internal error", metadata: ["error": "\(error)"])
        return PontoonError(
            .internalError,
            "An unexpected error occurred; send the X-Request-Id of this response to the server's operator."
        )
    }

    /// Logs the cause of a refusal, if it has one, because the response does not contain it.
    ///
    /// The first cause of each request is logged as a warning, and later ones at level debug. A damaged object is
    /// always logged as an error. A full disk is only recorded here; ``RequestReporter`` logs it.
    func logCause(of refusal: PontoonError) {
        // While the disk is full, every part fails, so the reporter logs this only once a minute.
        if refusal.code == .storageFull { return record.note(refusal: .storageFull, fault: .full) }
        guard let cause = refusal.cause else { return }
        if cause is DamagedObject {
            record.note(refusal: refusal.code, fault: .damaged)
            return log.error("object damaged", metadata: ["object": "\(cause)"])
        }
        log.log(
            level: record.admitCause() ? .warning : .debug,
            "request refused",
            metadata: ["cause": "\(cause)", "code": "\(refusal.code)"]
        )
    }
}

extension Response {
    /// Creates the response to a refused request.
    ///
    /// The response has no `ETag` header, because some clients ignore the status and report a part as sent if the
    /// response has an `ETag`.
    static func refusal(_ error: PontoonError, as format: ErrorFormat = .platform) -> Response {
        var response =
            switch format {
            case .platform: json(ErrorBody(error), status: error.code.status)
            case .drs: json(DRSErrorBody(error), status: error.code.status)
            }
        switch error.code.status {
        case .serviceUnavailable: response.headers[.retryAfter] = "1"
        case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer realm=\"pontoon\""
        default: break
        }
        return response
    }
}

/// The format of the body of an error response.
enum ErrorFormat: Sendable {
    /// ``ErrorBody``, the platform's format.
    case platform
    /// ``DRSErrorBody``, for DRS requests.
    case drs
}

extension ErrorBody {
    init(_ error: PontoonError) {
        self.init(status: error.code.status.code, code: error.code.platformCode, message: error.message)
    }
}
