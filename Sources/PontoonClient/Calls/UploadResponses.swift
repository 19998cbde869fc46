public import PontoonFoundation
import PontoonCore

/// A project or folder in which files are listed, or to which files are uploaded or copied.
public enum UploadDestination: Hashable, Sendable {
    /// The root of a project, `owner/project`.
    case project(String)
    /// A folder, by its id.
    case folder(String)
}

/// An upload, as returned by the API.
///
/// Only the id is present in every response.
public struct UploadDetails: Sendable, Decodable, Identifiable {
    /// A reported or stored part.
    public struct Part: Sendable, Decodable {
        /// Number of the part, from 1.
        public let number: Int
        /// ETag of the part, without quotes; empty if it is missing or longer than 1024 bytes.
        public let etag: String

        private enum CodingKeys: String, CodingKey {
            case number = "part_number"
            case response
        }
        private struct Response: Decodable { var headers: [String: String] }

        /// Decodes the API's JSON.
        ///
        /// - Throws: `DecodingError` if the number is missing, or if a value has an unexpected type.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            number = try fields.decode(Int.self, forKey: .number)
            let headers = try fields.decodeIfPresent(Response.self, forKey: .response)?.headers ?? [:]
            let etag = (headers.first { $0.key.lowercased() == "etag" }?.value ?? "").unquoted
            self.etag = etag.utf8.count <= ServerValues.maximumETag ? etag : ""
        }
    }

    /// Id of the upload.
    public let id: String
    /// Name of the file; `nil` if the server omits it.
    public let name: String?
    /// Id of the project that will contain the file, `owner/project`; `nil` if the server omits it.
    public let project: String?
    /// Id of the destination folder; `nil` if the server omits it, as in a list for an upload to a project.
    public let parent: String?
    /// Declared length of the file in bytes; `nil` if none was declared.
    public let size: Int64?
    /// Length of every part but the last, in bytes; `nil` if the server's value is missing or invalid.
    public let partSize: Int64?
    /// Time at which the upload was started; `nil` if the server omits it.
    public let initiated: Date?
    /// Number of reported parts; `nil` if the server omits it.
    public let reportedParts: Int?
    /// Number of stored parts; `nil` if the server does not provide it.
    public let storedParts: Int?
    /// Total length of the stored parts in bytes; `nil` if the server does not provide it.
    public let storedBytes: Int64?
    /// The reported parts; `nil` unless they were requested.
    public let parts: [Part]?
    /// The stored parts, including parts that were not reported; `nil` unless they were requested and the server lists
    /// them.
    ///
    /// A part that was sent again may be listed twice.
    let storedPartList: [Part]?
    /// Part infos of the first parts; `nil` unless they were requested and the server provides them.
    let partInfos: [PartInfo]?

    private enum CodingKeys: String, CodingKey {
        case name, project, parent, size, initiated, parts
        case id = "upload_id"
        case partSize = "part_size"
        case reportedParts = "uploaded_parts_count"
        case storedParts = "stored_parts_count"
        case storedPartList = "stored_parts"
        case storedBytes = "stored_bytes"
        case partInfos = "part_infos"
    }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the id is missing, or if a value has an unexpected type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decodeID(forKey: .id)
        name = try fields.decodeIfPresent(String.self, forKey: .name)
        project = try fields.decodeIfPresent(String.self, forKey: .project)
        parent = try fields.decodeIfPresent(String.self, forKey: .parent)
        size = try fields.decodeLength(forKey: .size)
        partSize = try fields.decodeLength(forKey: .partSize)
        initiated = try fields.decodeIfPresent(LenientDate.self, forKey: .initiated)?.date
        reportedParts = try fields.decodeIfPresent(Int.self, forKey: .reportedParts)
        storedParts = try fields.decodeIfPresent(Int.self, forKey: .storedParts)
        storedBytes = try fields.decodeLength(forKey: .storedBytes)
        parts = try fields.decodeIfPresent([Part].self, forKey: .parts)
        storedPartList = try fields.decodeIfPresent([Part].self, forKey: .storedPartList)
        partInfos = try fields.decodeIfPresent([PartInfo].self, forKey: .partInfos)
    }
}

extension UploadDetails {
    /// Returns whether the upload was started at least `age` seconds ago.
    ///
    /// The client's estimate of the server's time may lag by up to two seconds, because `Date` headers have a
    /// resolution of one second and may be a second old. The upload is therefore treated as two seconds older than its
    /// start time indicates.
    ///
    /// - Parameters:
    ///   - age: Age in seconds.
    ///   - serverTime: The time on the server, according to its responses.
    /// - Returns: Whether the upload is old enough; `false` if the server does not provide its start time.
    public func isOlder(than age: TimeInterval, at serverTime: Date) -> Bool {
        guard let initiated else { return false }
        return age <= 0 || initiated <= serverTime.addingTimeInterval(2 - age)
    }
}

/// A part info: the signed URL and the headers for sending one part to the storage.
struct PartInfo: Sendable, Decodable {
    /// Number of the part; `nil` in the response to a request for a single part.
    var number: Int?
    var url: String
    /// Time at which the URL expires, according to the server's clock.
    var expires: Date?
    /// Request headers to send with the part.
    var headers: [String: String]

    private enum CodingKeys: String, CodingKey {
        case url, expires, headers
        case number = "part_number"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        number = try fields.decodeIfPresent(Int.self, forKey: .number)
        url = try fields.decode(String.self, forKey: .url)
        expires = try fields.decodeIfPresent(LenientDate.self, forKey: .expires)?.date
        headers = try fields.decodeIfPresent([String: String].self, forKey: .headers) ?? [:]
    }
}

/// The JSON body of a response with a batch of part infos.
struct PartInfos: Sendable, Decodable {
    var partInfos: [PartInfo]

    private enum CodingKeys: String, CodingKey { case partInfos = "part_infos" }
}

/// A date in one of the platform's formats: ISO 8601, or milliseconds since 1970.
///
/// The date is `nil` for any other text, and for dates outside the years 1 to 9999.
struct LenientDate: Decodable {
    let date: Date?

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let milliseconds = try? value.decode(Double.self) {
            date = ServerValues.date(secondsSince1970: milliseconds / 1000)
            return
        }
        let text = try value.decode(String.self)
        let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let parsed = (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: withFraction))
        date = parsed.flatMap { ServerValues.date(secondsSince1970: $0.timeIntervalSince1970) }
    }
}

extension String {
    /// The ETag without its quotes and without the prefix `W/` of a weak ETag.
    var unquoted: String { ETag.unquoted(hasPrefix("W/") ? String(dropFirst(2)) : self) }
}
