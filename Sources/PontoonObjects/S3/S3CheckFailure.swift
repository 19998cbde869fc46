/// The reason why an S3 store cannot be used.
///
/// Descriptions contain no secrets. If a setting is the cause, the description names the setting.
package enum S3CheckFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The server at `endpoint` cannot be reached or does not respond, for the given reason.
    case unreachable(String)
    /// The certificate of `endpoint` is not trusted, for the given reason.
    case notTrusted(String)
    /// The server at `endpoint` does not support the S3 protocol; the value describes its response.
    case notS3(String)
    /// The store does not know the access key.
    case unknownAccessKey
    /// The secret key does not match the access key.
    case wrongSecret
    /// The session token is invalid or has expired.
    case wrongSessionToken
    /// The clocks of this machine and the store differ by 15 minutes or more, or by more than the store tolerates.
    case clockSkewed
    /// The bucket with this name does not exist.
    case missingBucket(String)
    /// The bucket is not in `region`; the value is its actual region, if the store reports it.
    case wrongRegion(String?)
    /// The access key may not perform the given action, such as `s3:PutObject`.
    case forbidden(String)
    /// The bucket refuses parts that are sent without a checksum.
    case requiresChecksums
    /// The store refused the request with the given status and error code.
    case refused(String)

    package var description: String {
        switch self {
        case .unreachable(let reason): "cannot connect to the 'endpoint': \(reason)"
        case .notTrusted(let reason):
            "the 'endpoint' certificate is not trusted: \(reason). Set 'ca-file' to a file of trusted certificates"
        case .notS3(let reason): "the server at the 'endpoint' does not support the S3 protocol: \(reason)"
        case .unknownAccessKey: "the store does not know the access key in AWS_ACCESS_KEY_ID"
        case .wrongSecret: "the secret key in AWS_SECRET_ACCESS_KEY does not match the access key in AWS_ACCESS_KEY_ID"
        case .wrongSessionToken: "the token in AWS_SESSION_TOKEN is invalid or has expired"
        case .clockSkewed:
            "the clocks of this machine and the store differ too much; synchronize them"
        case .missingBucket(let bucket): "there is no bucket '\(bucket)' in the store; create it first"
        case .wrongRegion(let region?): "the bucket is in the region '\(region)': set 'region=\(region)'"
        case .wrongRegion(nil): "the bucket is not in the configured region; correct 'region'"
        case .forbidden(let call): "the access key in AWS_ACCESS_KEY_ID lacks the permission \(call) for the bucket"
        case .requiresChecksums:
            """
            the bucket requires a checksum with each part (for example, because of Object Lock with default retention), \
            but clients send none; use a bucket without default retention
            """
        case .refused(let reason): "the store refused the request: \(reason)"
        }
    }
}

extension S3CheckFailure {
    /// Interprets the store's error response to an action.
    ///
    /// - Parameters:
    ///   - error: The store's error response.
    ///   - bucket: Name of the bucket.
    ///   - action: The name of the attempted action in S3 policies, such as `s3:PutObject`.
    init(_ error: S3Error, bucket: String, action: String) {
        self =
            switch error.code {
            case "InvalidAccessKeyId": .unknownAccessKey
            case "SignatureDoesNotMatch": .wrongSecret
            case "InvalidToken", "ExpiredToken", "TokenRefreshRequired": .wrongSessionToken
            case "RequestTimeTooSkewed", "RequestExpired": .clockSkewed
            case "NoSuchBucket": .missingBucket(bucket)
            case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                "IllegalLocationConstraintException":
                .wrongRegion(error.region)
            case "AccessDenied", "AllAccessDisabled": .forbidden(action)
            // An S3 server sends an error code with every failure, so a bare HTTP status comes from another kind of
            // server.
            case let code where code == "NotFound" || code.hasPrefix("HTTP"): .notS3("it returned \(error.status)")
            default: .refused("\(error.status) \(error.code)")
            }
    }
}
