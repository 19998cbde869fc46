/// Why an S3 store cannot be used; each names the setting to look at and shows nothing secret.
package enum S3CheckFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody answers at `endpoint`, with what the system says.
    case unreachable(String)
    /// The certificate at `endpoint` is not trusted; `ca-file` may help.
    case notTrusted(String)
    /// What answers at `endpoint` does not speak S3, with what it said instead.
    case notS3(String)
    /// The store does not know the access key.
    case unknownAccessKey
    /// The secret does not belong to the access key.
    case wrongSecret
    /// The session token is not or no longer good.
    case wrongSessionToken
    /// This machine's clock, or the store's, is wrong by more than the store allows.
    case clockSkewed
    /// There is no such bucket.
    case missingBucket(String)
    /// The bucket is in another region than `region` says; with the right one if the store tells.
    case wrongRegion(String?)
    /// The access key may not do something that is needed.
    case forbidden(String)
    /// The store refuses for another reason, with its word for it.
    case refused(String)

    /// What is wrong and where to look.
    package var description: String {
        switch self {
        case .unreachable(let reason): "the 'endpoint' does not answer: \(reason)"
        case .notTrusted(let reason):
            "the certificate of the 'endpoint' is not trusted; 'ca-file' names those that are: \(reason)"
        case .notS3(let reason): "what answers at the 'endpoint' does not speak S3: \(reason)"
        case .unknownAccessKey: "the store does not know the access key in AWS_ACCESS_KEY_ID"
        case .wrongSecret: "the secret in AWS_SECRET_ACCESS_KEY does not belong to the access key in AWS_ACCESS_KEY_ID"
        case .wrongSessionToken: "the token in AWS_SESSION_TOKEN is not good, or not any more"
        case .clockSkewed: "the clocks of this machine and of the store differ too much; set them right"
        case .missingBucket(let bucket): "there is no bucket '\(bucket)' in the store; make it first"
        case .wrongRegion(let region?): "the bucket is in the region '\(region)': set 'region=\(region)'"
        case .wrongRegion(nil): "the bucket is not in the region that 'region' names"
        case .forbidden(let call): "the access key in AWS_ACCESS_KEY_ID has no right to \(call) in the bucket"
        case .refused(let reason): "the store refuses: \(reason)"
        }
    }
}

extension S3CheckFailure {
    /// Tells what a refusal means.
    ///
    /// - Parameters:
    ///   - error: The store's answer.
    ///   - bucket: Name of the bucket.
    ///   - action: What was tried, as policies name it.
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
            // S3 has a word of its own for everything.
            case let code where code == "NotFound" || code.hasPrefix("HTTP"): .notS3("it answers \(error.status)")
            default: .refused("\(error.status) \(error.code)")
            }
    }
}
