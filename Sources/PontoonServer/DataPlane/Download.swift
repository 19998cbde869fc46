import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// A download of a file; selects the response to a request without I/O.
///
/// Source: RFC 9110, sections 13 and 14.
struct Download {
    enum Outcome: Equatable {
        case whole
        case range(Range<Int64>)
        case unsatisfiable
        case notModified
        case preconditionFailed
    }

    let file: File
    let content: FileContent
    /// The time of the response.
    let now: Date

    /// The entity tag: the file's checksum, or its id if it has none, and its size.
    ///
    /// It does not reveal the object key.
    var etag: String { "\"\(content.crc64?.hex ?? file.id)-\(content.size)\"" }

    /// The headers of all responses with status 200, 206 or 304.
    var headers: HTTPFields {
        var headers: HTTPFields = [
            .contentType: MediaType.named(file.name),
            .acceptRanges: "bytes",
            .eTag: etag,
            .lastModified: HTTPDate.format(lastModified),
            .contentDisposition: ContentDisposition.attachment(named: file.name),
            .xContentTypeOptions: "nosniff",
        ]
        headers[.checksumCRC64NVME] = content.crc64?.base64
        return headers
    }

    /// The time at which the file was created, rounded down to whole seconds; its bytes never change.
    private var lastModified: Date { Date(timeIntervalSince1970: file.createdOn.timeIntervalSince1970.rounded(.down)) }

    /// Evaluates the conditions and the range of a request, in the order of RFC 9110, section 13.2.2.
    ///
    /// Dates in a format other than HTTP's preferred one are ignored. A request for several ranges gets the whole file.
    func outcome(of headers: HTTPFields) -> Outcome {
        if let tags = headers[.ifMatch] {
            guard tags == "*" || HTTPFields.tags(tags).contains(etag) else { return .preconditionFailed }
        } else if let date = headers[.ifUnmodifiedSince].flatMap(HTTPDate.parse) {
            guard lastModified <= date else { return .preconditionFailed }
        }
        if headers[.ifNoneMatch] != nil {
            if headers.contains(etag: etag, in: .ifNoneMatch) { return .notModified }
        } else if let date = headers[.ifModifiedSince].flatMap(HTTPDate.parse) {
            if lastModified <= date { return .notModified }
        }
        guard let range = headers[.range], headers[.ifRange].map(isCurrent) ?? true else { return .whole }
        return Self.parse(range, size: content.size)
    }

    /// Returns whether the value of `If-Range` identifies this file.
    ///
    /// A date is accepted only if it is at least 60 seconds old, because a file can be replaced within the same second.
    private func isCurrent(_ validator: String) -> Bool {
        if validator == etag { return true }
        return HTTPDate.parse(validator) == lastModified && now.timeIntervalSince(lastModified) >= 60
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
            guard let count = number(last) else { return .whole }
            return count == 0 || size == 0 ? .unsatisfiable : .range(max(0, size - count)..<size)
        }
        guard let start = number(first) else { return .whole }
        guard last.isEmpty || (number(last) ?? -1) >= start else { return .whole }
        guard start < size else { return .unsatisfiable }
        let end = min(number(last) ?? size - 1, size - 1)
        return .range(start..<(end + 1))
    }

    /// Parses a number that consists of digits only; `Int64` also accepts a sign.
    private static func number(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
