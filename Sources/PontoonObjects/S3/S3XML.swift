import Foundation
import NIOCore
import NIOFoundationEssentialsCompat
import PontoonCore
import XMLCoder

/// Request and response bodies of the S3 API.
///
/// Properties are named after the XML elements, with a lower-case first letter.
enum S3XML {
    struct Failure: Decodable {
        let code: String
        let message: String?
        let region: String?
        let requestId: String?
    }

    struct InitiatedUpload: Decodable {
        let uploadId: String
    }

    struct Part: Codable {
        let partNumber: Int
        let eTag: String
        var size: Int64?
        var lastModified: String?
    }

    struct PartList: Decodable {
        let part: [Part]?
        let isTruncated: Bool?
        let nextPartNumberMarker: Int?
    }

    struct Upload: Decodable {
        let key: String
        let uploadId: String
        let initiated: String
    }

    struct UploadList: Decodable {
        let upload: [Upload]?
        let isTruncated: Bool?
        let nextKeyMarker: String?
        let nextUploadIdMarker: String?
    }

    struct ObjectList: Decodable {
        struct Object: Decodable {
            let key: String
            let size: Int64
            let lastModified: String
        }

        let contents: [Object]?
        let isTruncated: Bool?
        let nextContinuationToken: String?
    }

    struct Completion: Encodable {
        let part: [Part]
    }

    struct CompletedUpload: Decodable {
        let eTag: String
    }

    /// Decodes a response body.
    ///
    /// - Throws: ``S3UnexpectedResponse`` if the body is not UTF-8, or not XML of the expected type.
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        from body: ByteBuffer,
        with decoder: XMLDecoder = Self.decoder
    ) throws -> Value {
        do {
            return try decoder.decode(type, from: try text(body))
        } catch {
            throw S3UnexpectedResponse("the body is not a valid \(type)")
        }
    }

    /// Returns the error in a response body; `nil` if the body is not a valid `Error` document.
    static func error(_ body: ByteBuffer) -> Failure? {
        guard let text = try? text(body), rootName(text) == "Error" else { return nil }
        return try? decoder.decode(Failure.self, from: text)
    }

    /// Returns the name of the root element; `nil` if the first 1000 bytes of the body contain no element.
    ///
    /// - Throws: ``S3UnexpectedResponse`` unless the body is UTF-8.
    static func rootName(_ body: ByteBuffer) throws -> String? { rootName(try text(body)) }

    /// Encodes the body of `CompleteMultipartUpload`, with quoted ETags.
    static func completion(of parts: [ListedPart]) throws -> ByteBuffer {
        let encoder = XMLEncoder()
        encoder.keyEncodingStrategy = .capitalized
        let data = try encoder.encode(
            Completion(part: parts.map { Part(partNumber: $0.number.rawValue, eTag: "\"\($0.etag)\"") }),
            withRootKey: "CompleteMultipartUpload",
            rootAttributes: ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"]
        )
        return ByteBuffer(data: data)
    }

    private static var decoder: XMLDecoder {
        let decoder = XMLDecoder()
        decoder.keyDecodingStrategy = .convertFromCapitalized
        return decoder
    }

    /// Returns a body without leading whitespace.
    ///
    /// A store sends whitespace to keep the connection alive while it combines parts, but XML allows none before its
    /// declaration.
    ///
    /// - Throws: ``S3UnexpectedResponse`` unless the body is UTF-8. On Linux, Foundation's parser crashes the process
    ///   if a name is not UTF-8.
    private static func text(_ body: ByteBuffer) throws -> Data {
        guard String(validating: body.readableBytesView, as: UTF8.self) != nil else {
            throw S3UnexpectedResponse("the body is not valid UTF-8")
        }
        return Data(buffer: body).drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    /// Returns the name of the root element; `nil` if the first 1000 bytes contain no element.
    ///
    /// A response with status 200 can still contain an `Error` element.
    private static func rootName(_ text: Data) -> String? {
        var rest = String(decoding: text.prefix(1000), as: UTF8.self)[...]
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...].dropFirst()
            guard let first = rest.first, first != "?", first != "!" else { continue }
            return String(rest.prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" })
        }
        return nil
    }
}
