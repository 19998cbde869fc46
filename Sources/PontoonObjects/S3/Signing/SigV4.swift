import Crypto
import Foundation
import PontoonCore

/// Signature Version 4 for S3, computed from the canonical request, without I/O.
///
/// Source: AWS, "Create a signed AWS API request". `SigV4Tests` compares each stage with botocore.
struct SigV4: Sendable {
    static let algorithm = "AWS4-HMAC-SHA256"
    /// Maximum lifetime of a presigned URL in seconds: 7 days.
    static let longestLifetime = 604_800

    let credentials: S3Credentials
    /// Region, such as `us-east-1`.
    let region: String
    /// Time of the request; for a presigned URL, the start of its lifetime.
    let time: Date

    /// The time in the format `20150830T123600Z`.
    var timestamp: String {
        time.formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted, timeZone: .gmt)
        )
    }

    /// The credential scope, from which the signing key is derived.
    var scope: String { "\(timestamp.prefix(8))/\(region)/s3/aws4_request" }

    /// Returns the string to sign, the second stage of Signature Version 4.
    func stringToSign(_ request: CanonicalRequest) -> String {
        [Self.algorithm, timestamp, scope, request.hash].joined(separator: "\n")
    }

    /// Returns the signature, the third stage of Signature Version 4, in lower-case hex.
    func signature(_ request: CanonicalRequest) -> String {
        var key = SymmetricKey(data: Data("AWS4\(credentials.secretAccessKey.value)".utf8))
        for step in scope.split(separator: "/") { key = SymmetricKey(data: Self.code(step.utf8, key)) }
        return Hex.encode(Self.code(stringToSign(request).utf8, key))
    }

    private static func code(_ text: some Collection<UInt8>, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Data(text), using: key)
    }

    /// Signs a request with an `Authorization` header.
    ///
    /// - Parameters:
    ///   - method: HTTP method, such as `PUT`.
    ///   - path: The path, not percent-encoded.
    ///   - query: The query parameters, not percent-encoded.
    ///   - headers: All headers of the request, including `Host`; all of them are signed.
    ///   - payloadHash: SHA-256 of the body in hex, or ``CanonicalRequest/unsignedPayload``.
    /// - Returns: The given headers, followed by `Authorization` and the other headers that the signature requires.
    func signedHeaders(
        method: String,
        path: String,
        query: [NamedValue],
        headers: [NamedValue],
        payloadHash: String
    ) -> [NamedValue] {
        var headers = headers
        headers.append(NamedValue("X-Amz-Date", timestamp))
        headers.append(NamedValue("X-Amz-Content-SHA256", payloadHash))
        if let token = credentials.sessionToken { headers.append(NamedValue("X-Amz-Security-Token", token.value)) }
        let request = CanonicalRequest(
            method: method,
            path: path,
            query: query,
            headers: headers,
            payloadHash: payloadHash
        )
        let authorization = [
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope)",
            "SignedHeaders=\(request.signedHeaders)",
            "Signature=\(signature(request))",
        ]
        return headers + [NamedValue("Authorization", authorization.joined(separator: ", "))]
    }

    /// Creates the canonical request for a presigned URL.
    ///
    /// The signature covers the method, the path, the query and the `Host` header, but neither the body nor other
    /// headers, so clients may add `Content-MD5`.
    ///
    /// - Parameters:
    ///   - method: The method that the URL authorizes.
    ///   - host: The `Host` header that the client will send.
    ///   - path: The path, not percent-encoded.
    ///   - query: The query parameters, not percent-encoded, without the `X-Amz-` parameters of the signature.
    ///   - lifetime: The lifetime of the URL in seconds, 1 to ``longestLifetime``.
    /// - Returns: The canonical request, to be passed to ``presignedQuery(_:)``.
    func presigned(
        method: String,
        host: String,
        path: String,
        query: [NamedValue],
        lifetime: Int
    ) -> CanonicalRequest {
        var query =
            query + [
                NamedValue("X-Amz-Algorithm", Self.algorithm),
                NamedValue("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
                NamedValue("X-Amz-Date", timestamp),
                NamedValue("X-Amz-Expires", "\(lifetime)"),
                NamedValue("X-Amz-SignedHeaders", "host"),
            ]
        if let token = credentials.sessionToken { query.append(NamedValue("X-Amz-Security-Token", token.value)) }
        return CanonicalRequest(
            method: method,
            path: path,
            query: query,
            headers: [NamedValue("host", host)],
            payloadHash: CanonicalRequest.unsignedPayload
        )
    }

    /// Returns the percent-encoded query of a presigned URL, which ends with the signature.
    func presignedQuery(_ request: CanonicalRequest) -> String {
        "\(request.canonicalQuery)&X-Amz-Signature=\(signature(request))"
    }
}
