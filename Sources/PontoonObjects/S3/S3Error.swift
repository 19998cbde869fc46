import PontoonCore

/// The S3 store refused something.
package struct S3Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// HTTP status; 200 for an error that came in the body of a success.
    package let status: Int
    /// The store's word, such as `NoSuchUpload`.
    package let code: String
    /// The store's explanation; for the log only.
    package let message: String
    /// By which the store's operator finds the request.
    package let requestID: String?
    /// The bucket's region, when the store says that the request's was another.
    package let region: String?

    package var description: String {
        let request = requestID.map { ", request \($0)" } ?? ""
        return "the S3 store answered \(status) \(code): \(message.prefix(500))\(request)"
    }

    /// Whether the same request may succeed a moment later.
    var isTransient: Bool {
        status >= 500
            || ["InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted"].contains(code)
            || status == 429
    }

    /// Whether it says that there is no such object, upload or bucket.
    var isAbsence: Bool { status == 404 }
}

extension S3Error: TemporaryFault {
    package var isTemporary: Bool { isTransient }
}

/// The S3 store could not be asked, or did not answer in time.
package struct S3Unreachable: Error, CustomStringConvertible {
    /// What happened last.
    package let cause: any Error

    package var description: String { "the S3 store could not be reached: \(cause)" }
}

/// What answered does not speak S3.
package struct S3BadAnswer: Error, CustomStringConvertible {
    /// What is wrong with it.
    package let description: String

    init(_ problem: String) { description = "the S3 store's answer is not what S3 answers: \(problem)" }
}
