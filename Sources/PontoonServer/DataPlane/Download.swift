import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The download of one file, which determines the response to a request without I/O.
///
/// Source: RFC 9110, sections 13 and 14.
struct Download {
    enum Outcome: Equatable {
        case whole
        case range(Range<Int64>)
        case unsatisfiable
        case notModified
    }

    let file: File
    let content: FileContent

    /// The entity tag: the file's checksum, or its id if it has none, and its size.
    ///
    /// It does not reveal the object key.
    var etag: String { "\"\(content.crc64?.hex ?? file.id)-\(content.size)\"" }

    /// The headers of all responses with status 200, 206 or 304.
    var headers: HTTPFields {
        var headers: HTTPFields = [
            .contentType: "application/octet-stream",
            .acceptRanges: "bytes",
            .eTag: etag,
            .lastModified: Self.httpDate.string(from: file.createdOn),
            .contentDisposition: ContentDisposition.attachment(named: file.name),
            .xContentTypeOptions: "nosniff",
        ]
        headers[.checksumCRC64NVME] = content.crc64?.base64
        return headers
    }

    /// Evaluates `Range`, `If-Range` and `If-None-Match`; a request for several ranges gets the whole file.
    func outcome(of request: Request) -> Outcome {
        if let tags = request.headers[.ifNoneMatch], tags == "*" || Self.names(tags).contains(etag) {
            return .notModified
        }
        guard let range = request.headers[.range], request.headers[.ifRange].map({ $0 == etag }) ?? true else {
            return .whole
        }
        return Self.parse(range, size: content.size)
    }

    /// Parses one range: `bytes=a-b`, `bytes=a-` or `bytes=-n`.
    ///
    /// Returns `.unsatisfiable` if the range contains no byte of the file, and `.whole` for any other text, including
    /// several ranges, which RFC 9110 (section 14.2) allows a server to ignore.
    static func parse(_ header: String, size: Int64) -> Outcome {
        guard header.hasPrefix("bytes="), !header.contains(",") else { return .whole }
        let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else { return .whole }
        let first = bounds[0].trimmingCharacters(in: .whitespaces)
        let last = bounds[1].trimmingCharacters(in: .whitespaces)
        if first.isEmpty {
            guard let count = Int64(last), count >= 0 else { return .whole }
            return count == 0 || size == 0 ? .unsatisfiable : .range(max(0, size - count)..<size)
        }
        guard let start = Int64(first), start >= 0 else { return .whole }
        guard last.isEmpty || (Int64(last) ?? -1) >= start else { return .whole }
        guard start < size else { return .unsatisfiable }
        let end = min(Int64(last) ?? size - 1, size - 1)
        return .range(start..<(end + 1))
    }

    private static func names(_ header: String) -> [String] {
        header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Shared, because creating a formatter takes longer than creating the rest of a response.
    private static let httpDate: DateFormatter = {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter
    }()
}
