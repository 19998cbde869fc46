public import Foundation
import PontoonCore

/// Where a file goes.
public enum UploadDestination: Hashable, Sendable {
    /// The root of a project, `owner/name`.
    case project(String)
    /// A folder by its id.
    case folder(String)
}

/// An upload as the API shows it; only the id is always there.
public struct UploadDetails: Sendable, Decodable {
    /// A part that was reported.
    public struct Part: Sendable, Decodable {
        /// Its number, from 1.
        public let number: Int
        /// Its tag, without quotes.
        public let etag: String

        private enum CodingKeys: String, CodingKey {
            case number = "part_number"
            case response
        }
        private struct Response: Decodable { var headers: [String: String] }

        /// Reads the API's JSON; what may be absent, may be absent.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            number = try fields.decode(Int.self, forKey: .number)
            let headers = try fields.decodeIfPresent(Response.self, forKey: .response)?.headers ?? [:]
            etag = (headers.first { $0.key.lowercased() == "etag" }?.value ?? "").unquoted
        }
    }

    /// The id.
    public let id: String
    /// The name.
    public let name: String?
    /// `owner/name` of the project.
    public let project: String?
    /// Id of the folder.
    public let parent: String?
    /// Declared length in bytes.
    public let size: Int64?
    /// Bytes in every part but the last.
    public let partSize: Int64?
    /// When it was begun.
    public let initiated: Date?
    /// Parts that were reported.
    public let reportedParts: Int?
    /// Parts whose bytes are stored, on a server that says so.
    public let storedParts: Int?
    /// Bytes of these, on a server that says so.
    public let storedBytes: Int64?
    /// Reported parts; only when asked for.
    public let parts: [Part]?
    /// Where the first parts go, on a server that gives them.
    let partInfos: [PartInfo]?

    private enum CodingKeys: String, CodingKey {
        case name, project, parent, size, initiated, parts
        case id = "upload_id"
        case partSize = "part_size"
        case reportedParts = "uploaded_parts_count"
        case storedParts = "stored_parts_count"
        case storedBytes = "stored_bytes"
        case partInfos = "part_infos"
    }

    /// Reads the API's JSON; what may be absent, may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        name = try fields.decodeIfPresent(String.self, forKey: .name)
        project = try fields.decodeIfPresent(String.self, forKey: .project)
        parent = try fields.decodeIfPresent(String.self, forKey: .parent)
        size = try fields.decodeIfPresent(Int64.self, forKey: .size)
        partSize = try fields.decodeIfPresent(Int64.self, forKey: .partSize)
        initiated = try fields.decodeIfPresent(LenientDate.self, forKey: .initiated)?.date
        reportedParts = try fields.decodeIfPresent(Int.self, forKey: .reportedParts)
        storedParts = try fields.decodeIfPresent(Int.self, forKey: .storedParts)
        storedBytes = try fields.decodeIfPresent(Int64.self, forKey: .storedBytes)
        parts = try fields.decodeIfPresent([Part].self, forKey: .parts)
        partInfos = try fields.decodeIfPresent([PartInfo].self, forKey: .partInfos)
    }
}

extension UploadDetails {
    /// Whether the upload was begun at least this long ago.
    ///
    /// The server's time is known from `Date` headers, which have a resolution of one second and may themselves be a second
    /// old. An upload that may be old enough counts as old enough, so an age of zero covers every upload.
    ///
    /// - Parameters:
    ///   - age: In seconds.
    ///   - serverTime: The time at the server, as known from its answers.
    /// - Returns: `false` also when the server does not say when the upload was begun.
    public func isOlder(than age: TimeInterval, at serverTime: Date) -> Bool {
        guard let initiated else { return false }
        return age <= 0 || initiated <= serverTime.addingTimeInterval(2 - age)
    }
}

/// Where and how to send one part.
struct PartInfo: Sendable, Decodable {
    /// Only among several.
    var number: Int?
    var url: String
    /// In the server's time.
    var expires: Date?
    /// Request headers to set.
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

/// Several of them.
struct PartInfos: Sendable, Decodable {
    var partInfos: [PartInfo]

    private enum CodingKeys: String, CodingKey { case partInfos = "part_infos" }
}

/// A date as one or the other version of the platform writes it; what is none counts as absent.
struct LenientDate: Decodable {
    let date: Date?

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let milliseconds = try? value.decode(Double.self) {
            date = Date(timeIntervalSince1970: milliseconds / 1000)
            return
        }
        let text = try value.decode(String.self)
        let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        date = (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: withFraction))
    }
}

extension String {
    /// An ETag without quotes and without the prefix of a weak one.
    var unquoted: String { ETag.unquoted(hasPrefix("W/") ? String(dropFirst(2)) : self) }
}
