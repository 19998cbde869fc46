import HTTPTypes

/// Header names that HTTPTypes does not define.
extension HTTPField.Name {
    static let authToken = named("X-SBG-Auth-Token")
    static let requestID = named("X-Request-Id")
    static let totalMatchingQuery = named("X-Total-Matching-Query")
    static let link = named("Link")
    /// Any `Host` header after the first; the first becomes the request's authority.
    static let host = named("Host")
    static let rateLimitLimit = named("X-RateLimit-Limit")
    static let rateLimitRemaining = named("X-RateLimit-Remaining")
    static let rateLimitReset = named("X-RateLimit-Reset")
    static let forwardedFor = named("X-Forwarded-For")
    static let forwardedProto = named("X-Forwarded-Proto")
    static let uploadLink = named("X-Pontoon-Upload-Link")
    static let lastEventID = named("Last-Event-ID")
    static let accelBuffering = named("X-Accel-Buffering")
    static let labels = named("X-Pontoon-Labels")
    static let wantReprDigest = named("Want-Repr-Digest")
    static let reprDigest = named("Repr-Digest")
    static let contentMD5 = named("Content-MD5")
    static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
    static let referrerPolicy = named("Referrer-Policy")
    static let checksumCRC64NVME = named("x-amz-checksum-crc64nvme")
    static let checksumCRC32C = named("x-amz-checksum-crc32c")
    static let checksumSHA256 = named("x-amz-checksum-sha256")

    private static func named(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return field
    }
}
