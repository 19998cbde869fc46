import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// Decides the response to a download, without I/O.
///
/// Source: RFC 9110, sections 13 and 14.
struct Download {
    enum Answer: Equatable {
        case whole
        case range(Range<Int64>)
        case unsatisfiable
        case notModified
    }

    let file: File
    let content: FileContent

    /// The object's key as a tag would show what nobody needs to know, so the tag is made of content and id.
    var etag: String { "\"\(content.crc64?.hex ?? file.id)-\(content.size)\"" }

    /// Headers of every answer with or about the bytes.
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

    /// Decides by `Range`, `If-Range` and `If-None-Match`; several ranges at once are answered with the whole file.
    func answer(to request: Request) -> Answer {
        if let tags = request.headers[.ifNoneMatch], tags == "*" || Self.names(tags).contains(etag) {
            return .notModified
        }
        guard let range = request.headers[.range], request.headers[.ifRange].map({ $0 == etag }) ?? true else {
            return .whole
        }
        return Self.parse(range, size: content.size)
    }

    /// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`; what is no such range is ignored, as the standard asks.
    static func parse(_ header: String, size: Int64) -> Answer {
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

    /// Made once: that takes longer than all the rest of an answer.
    private static let httpDate: DateFormatter = {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter
    }()
}
