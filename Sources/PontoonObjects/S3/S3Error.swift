import PontoonCore

/// An error response of the S3 store.
package struct S3Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// HTTP status; 200 if the store reported the error in the body of a response with this status.
    package let status: Int
    /// The store's error code, such as `NoSuchUpload`; derived from the status if the response body contains no error.
    package let code: String
    /// The store's error message, for the log only; may be empty.
    package let message: String
    /// The store's id of the request, which identifies the request in the store's logs; `nil` if the store sends none.
    package let requestID: String?
    /// The bucket's region, which stores may report if the request was signed for another region; otherwise `nil`.
    package let region: String?

    package var description: String {
        let request = requestID.map { ", request \($0)" } ?? ""
        return "the S3 store returned \(status) \(code): \(message.prefix(500))\(request)"
    }

    /// Whether the same request may succeed on retry.
    var isTransient: Bool {
        status >= 500
            || ["InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted"].contains(code)
            || status == 429
    }

    /// Whether the error means that the object, upload or bucket does not exist.
    var isAbsence: Bool { status == 404 }
}

extension S3Error: TemporaryError {
    package var isTemporary: Bool { isTransient }
}

/// The error for an S3 store that cannot be reached or does not send a complete response in time, or for a request body
/// that cannot be read.
package struct S3Unreachable: Error, CustomStringConvertible {
    /// The error of the last attempt.
    package let cause: any Error

    package var description: String { "the S3 store could not be reached: \(cause)" }
}

/// The error for a response that violates the S3 protocol, or for the record of an upload that has no multipart upload
/// id.
package struct S3UnexpectedResponse: Error, CustomStringConvertible {
    package let description: String

    init(_ problem: String) { description = "unexpected state of the S3 store: \(problem)" }
}

extension S3Unreachable: TemporaryError {
    package var isTemporary: Bool { true }
}
