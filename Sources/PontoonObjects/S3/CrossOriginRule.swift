import Foundation
import NIOCore
import NIOFoundationEssentialsCompat
import XMLCoder

/// A CORS rule of a bucket, encoded with the element names of the S3 API.
package struct CrossOriginRule: Codable, Hashable, Sendable {
    package var id: String?
    package var allowedOrigins: [String]
    package var allowedMethods: [String]
    package var allowedHeaders: [String]?
    package var exposedHeaders: [String]?
    /// Time in seconds for which a browser may cache the response to a preflight request.
    package var maxAge: Int?

    /// The id of the rule that Pontoon sets.
    package static let ownID = "pontoon"

    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case allowedOrigins = "AllowedOrigin"
        case allowedMethods = "AllowedMethod"
        case allowedHeaders = "AllowedHeader"
        case exposedHeaders = "ExposeHeader"
        case maxAge = "MaxAgeSeconds"
    }

    /// Creates a rule with ``ownID`` that allows pages of the given origins to send parts and read files.
    ///
    /// - Parameter origins: Origins, such as `https://uploads.example.org`; `*` means any origin.
    package init(for origins: [String]) {
        id = Self.ownID
        allowedOrigins = origins
        allowedMethods = ["GET", "HEAD", "PUT"]
        allowedHeaders = ["*"]
        exposedHeaders = ["Content-Range", "ETag", "x-amz-checksum-crc64nvme", "x-amz-request-id"]
        maxAge = 7200
    }

    /// A CORS configuration that contains only this rule, as JSON for `aws s3api put-bucket-cors`.
    package var json: String {
        func list(_ items: [String]) -> String {
            "[" + items.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        return """
            {"CORSRules": [{
              "ID": "\(id ?? Self.ownID)",
              "AllowedOrigins": \(list(allowedOrigins)),
              "AllowedMethods": \(list(allowedMethods)),
              "AllowedHeaders": \(list(allowedHeaders ?? [])),
              "ExposeHeaders": \(list(exposedHeaders ?? [])),
              "MaxAgeSeconds": \(maxAge ?? 0)
            }]}
            """
    }

    /// Returns the rules of a bucket with this rule first, in place of an earlier rule with ``ownID``.
    ///
    /// Some stores apply only the first rule that matches an origin. The rule therefore also exposes the headers of the
    /// other rules, and it keeps the origins of the earlier rule, which another server may need.
    func added(to rules: [CrossOriginRule]) -> [CrossOriginRule] {
        var rule = self
        for earlier in rules where earlier.id == Self.ownID { rule.allowedOrigins += earlier.allowedOrigins }
        // Headers that an existing rule exposes to pages must stay readable.
        rule.exposedHeaders = Set((exposedHeaders ?? []) + rules.flatMap { $0.exposedHeaders ?? [] }).sorted()
        rule.allowedOrigins = rule.allowedOrigins.contains("*") ? ["*"] : Set(rule.allowedOrigins).sorted()
        return [rule] + rules.filter { $0.id != Self.ownID }
    }
}

extension S3XML {
    /// The CORS configuration of a bucket.
    struct CrossOriginRules: Codable {
        let rules: [CrossOriginRule]?

        private enum CodingKeys: String, CodingKey {
            case rules = "CORSRule"
        }
    }

    /// Decodes the rules of a bucket.
    ///
    /// - Throws: ``S3UnexpectedResponse`` if the body is not a CORS configuration. Returning no rules instead would
    ///   cause the caller to overwrite the bucket's rules.
    static func crossOriginRules(_ body: ByteBuffer) throws -> [CrossOriginRule] {
        guard try rootName(body) == "CORSConfiguration" else {
            throw S3UnexpectedResponse("the body is not a CORS configuration")
        }
        return try decode(CrossOriginRules.self, from: body, with: XMLDecoder()).rules ?? []
    }

    /// Encodes the body of `PutBucketCors`.
    static func body(of rules: [CrossOriginRule]) throws -> ByteBuffer {
        let data = try XMLEncoder().encode(
            CrossOriginRules(rules: rules),
            withRootKey: "CORSConfiguration",
            rootAttributes: ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"]
        )
        return ByteBuffer(data: data)
    }
}
