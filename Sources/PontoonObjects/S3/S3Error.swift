import PontoonCore

/// An error response of the S3 store.
package struct S3Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// HTTP status; 200 for an error in the body of a successful response.
    package let status: Int
    /// The store's error code, such as `NoSuchUpload`.
    package let code: String
    /// The store's error message, for the log only.
    package let message: String
    /// The store's id of the request, which identifies it in the store's logs.
    package let requestID: String?
    /// The bucket's region, if the store reports it because the request was signed for another region.
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

/// The error for an S3 store that cannot be reached, or does not send a complete response in time.
package struct S3Unreachable: Error, CustomStringConvertible {
    /// The error of the last attempt.
    package let cause: any Error

    package var description: String { "the S3 store could not be reached: \(cause)" }
}

/// The error for a response or a record that violates the S3 protocol.
package struct S3UnexpectedResponse: Error, CustomStringConvertible {
    package let description: String

    init(_ problem: String) { description = "unexpected state of the S3 store: \(problem)" }
}

extension S3Unreachable: TemporaryError {
    package var isTemporary: Bool { true }
}
