import Foundation
import NIOCore
import NIOFoundationCompat
import XMLCoder

/// Bodies of the S3 calls, and how they are read.
enum S3XML {
    struct Failure: Decodable {
        let code: String
        let message: String?
        let region: String?
        let requestID: String?

        private enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
            case region = "Region"
            case requestID = "RequestId"
        }
    }

    struct Initiated: Decodable {
        let uploadID: String

        private enum CodingKeys: String, CodingKey { case uploadID = "UploadId" }
    }

    struct Part: Codable {
        let number: Int
        let etag: String
        var size: Int64?

        private enum CodingKeys: String, CodingKey {
            case number = "PartNumber"
            case etag = "ETag"
            case size = "Size"
        }
    }

    struct PartList: Decodable {
        let parts: [Part]?
        let isTruncated: Bool?
        let nextMarker: Int?

        private enum CodingKeys: String, CodingKey {
            case parts = "Part"
            case isTruncated = "IsTruncated"
            case nextMarker = "NextPartNumberMarker"
        }
    }

    struct OpenUpload: Decodable {
        let key: String
        let uploadID: String
        let initiated: String

        private enum CodingKeys: String, CodingKey {
            case key = "Key"
            case uploadID = "UploadId"
            case initiated = "Initiated"
        }
    }

    struct UploadList: Decodable {
        let uploads: [OpenUpload]?
        let isTruncated: Bool?
        let nextKey: String?
        let nextUploadID: String?

        private enum CodingKeys: String, CodingKey {
            case uploads = "Upload"
            case isTruncated = "IsTruncated"
            case nextKey = "NextKeyMarker"
            case nextUploadID = "NextUploadIdMarker"
        }
    }

    struct Completion: Encodable {
        let parts: [Part]

        private enum CodingKeys: String, CodingKey { case parts = "Part" }
    }

    struct Completed: Decodable {
        let etag: String

        private enum CodingKeys: String, CodingKey { case etag = "ETag" }
    }

    /// Reads a body.
    ///
    /// - Throws: ``S3BadAnswer`` when it is something else.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: ByteBuffer) throws -> Value {
        do {
            return try XMLDecoder().decode(type, from: trimmed(body))
        } catch {
            throw S3BadAnswer("no \(type)")
        }
    }

    /// - Returns: `nil` unless the body is an error.
    static func error(_ body: ByteBuffer) -> Failure? {
        guard rootName(body) == "Error" else { return nil }
        do {
            return try XMLDecoder().decode(Failure.self, from: trimmed(body))
        } catch {
            return nil
        }
    }

    /// Writes the body of a completion.
    static func encode(_ completion: Completion) throws -> ByteBuffer {
        let data = try XMLEncoder().encode(
            completion,
            withRootKey: "CompleteMultipartUpload",
            rootAttributes: ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"]
        )
        return ByteBuffer(data: data)
    }

    /// While a store puts parts together it sends blanks, so that the connection is not taken for dead; XML allows none
    /// before its declaration.
    private static func trimmed(_ body: ByteBuffer) -> Data {
        Data(buffer: body).drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    /// Name of the outermost element: an error may come as the body of a success.
    private static func rootName(_ body: ByteBuffer) -> String? {
        var rest = String(decoding: trimmed(body).prefix(1000), as: UTF8.self)[...]
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...].dropFirst()
            guard let first = rest.first, first != "?", first != "!" else { continue }
            return String(rest.prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" })
        }
        return nil
    }
}
