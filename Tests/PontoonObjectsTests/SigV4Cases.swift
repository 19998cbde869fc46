import Foundation
import PontoonCore

@testable import PontoonObjects

/// A request to sign, encoded for the Python script.
struct SigV4Case: Encodable, CustomStringConvertible {
    struct Pair: Encodable {
        let name: String
        let value: String

        var named: NamedValue { NamedValue(name, value) }
    }

    var method = "PUT"
    var host = "127.0.0.1:8333"
    var path = "/uploads/0123456789abcdef0123456789abcdef"
    var query: [Pair] = []
    var headers: [Pair] = []
    var body = ""
    var region = "us-east-1"
    var time = 1_795_000_000
    var accessKey = "AKIAIOSFODNN7EXAMPLE"
    var secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    var sessionToken: String?
    /// Lifetime of a presigned URL in seconds; `nil` for a signature in headers.
    var lifetime: Int?

    var description: String { "\(method) \(host)\(path) \(query.map(\.named))" }

    var signer: SigV4 {
        SigV4(
            credentials: S3Credentials(
                accessKeyID: accessKey,
                secretAccessKey: Secret(secretKey),
                sessionToken: sessionToken.map { Secret($0) }
            ),
            region: region,
            time: Date(timeIntervalSince1970: TimeInterval(time))
        )
    }

    var payloadHash: String { hexDigest(Data(body.utf8)) }

    var sentHeaders: [NamedValue] { [NamedValue("Host", host)] + headers.map(\.named) }

    var canonicalRequest: CanonicalRequest {
        let query = query.map(\.named)
        if let lifetime {
            return signer.presigned(method: method, host: host, path: path, query: query, lifetime: lifetime)
        }
        var headers = sentHeaders
        headers.append(NamedValue("X-Amz-Date", signer.timestamp))
        headers.append(NamedValue("X-Amz-Content-SHA256", payloadHash))
        if let sessionToken { headers.append(NamedValue("X-Amz-Security-Token", sessionToken)) }
        return CanonicalRequest(method: method, path: path, query: query, headers: headers, payloadHash: payloadHash)
    }

    private static func pairs(_ pairs: KeyValuePairs<String, String>) -> [Pair] {
        pairs.map { Pair(name: $0.key, value: $0.value) }
    }

    private static let names = [
        "/", "/b", "/b/plain", "/b/a b", "/b/a+b", "/b/100%", "/b/~tilde-._", "/b/a/b/c", "/b/äöü ß", "/b/日本語", "/b/🧬",
        "/b/e\u{301}", "/b/%2F", "/b/a=b&c?d#e", "/b/'\"<>", "/b/..", "/b/.", "/b//double",
        "/b/" + String(repeating: "long ", count: 200),
    ]

    private static let queries: [[Pair]] = [
        pairs(["uploads": ""]),
        pairs(["partNumber": "10", "uploadId": "a+b/c=d~e.f_g-h"]),
        pairs(["uploadId": "z", "partNumber": "1"]),
        pairs(["prefix": "ä b/+%", "max-uploads": "1", "key-marker": "&=?#", "uploads": ""]),
        pairs(["response-content-disposition": "attachment; filename=\"a b\"; filename*=UTF-8''%C3%A4"]),
        pairs(["A": "1", "a": "2", "B": "~", "b": ""]),
    ]

    /// Requests with a signature in headers.
    static let headers: [SigV4Case] =
        names.map { SigV4Case(method: "GET", path: $0) }
        + queries.map { SigV4Case(method: "POST", query: $0, body: "<xml>ä</xml>") }
        + [
            SigV4Case(headers: pairs(["Content-Type": "application/xml", "x-amz-meta-pontoon": "abc"])),
            SigV4Case(headers: pairs(["x-amz-meta-text": "  two   blanks \t and tabs "])),
            SigV4Case(headers: pairs(["X-Amz-Meta-B": "2", "x-amz-meta-a": "1", "Range": "bytes=0-9"])),
            SigV4Case(body: String(repeating: "x", count: 100_000)),
            SigV4Case(region: "eu-central-1", sessionToken: "token/with+signs=="),
            SigV4Case(host: "bucket.s3.eu-west-3.amazonaws.com", path: "/key", region: "eu-west-3"),
            SigV4Case(host: "[::1]:9000"),
            SigV4Case(time: 0), SigV4Case(time: 951_782_399), SigV4Case(time: 4_102_444_799),
            SigV4Case(secretKey: "ä+/= %"),
        ]

    /// Requests with a signature in the URL.
    static let urls: [SigV4Case] =
        names.map { SigV4Case(path: $0, lifetime: 3600) }
        + queries.map { SigV4Case(query: $0, lifetime: 1) }
        + [
            SigV4Case(method: "GET", lifetime: 604_800),
            SigV4Case(region: "ap-southeast-2", sessionToken: "token/with+signs== and blanks", lifetime: 60),
            SigV4Case(host: "bucket.s3.amazonaws.com", path: "/prefix/key", lifetime: 60),
            SigV4Case(time: 1_798_761_599, lifetime: 60),
        ]
}
