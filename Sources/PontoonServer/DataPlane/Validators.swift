import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The properties of a representation with which the conditions and the range of a request are evaluated.
///
/// Source: RFC 9110, sections 13 and 14.
struct Validators {
    enum Outcome: Equatable {
        case whole
        case range(Range<Int64>)
        case unsatisfiable
        case notModified
        case preconditionFailed
    }

    /// The strong entity tag, with quotes.
    let etag: String
    /// The time of the last change in whole seconds; `nil` if unknown.
    ///
    /// If it is unknown, `If-Modified-Since` and `If-Unmodified-Since` are ignored, and a date in `If-Range` never
    /// matches.
    let lastModified: Date?
    /// Length in bytes.
    let size: Int64
    /// Whether ranges can be requested; otherwise, `Range` is ignored.
    var acceptsRanges = true
    /// The time of the response.
    let now: Date

    /// Evaluates the conditions and the range of a request, in the order of RFC 9110, section 13.2.2.
    ///
    /// Dates that are not in HTTP's preferred format are ignored. For a request for several ranges, the outcome is
    /// `.whole`.
    func outcome(of headers: HTTPFields) -> Outcome {
        if let tags = headers[.ifMatch] {
            guard tags == "*" || HTTPFields.tags(tags).contains(etag) else { return .preconditionFailed }
        } else if let lastModified, let date = headers[.ifUnmodifiedSince].flatMap(HTTPDate.parse) {
            guard lastModified <= date else { return .preconditionFailed }
        }
        if headers[.ifNoneMatch] != nil {
            if headers.contains(etag: etag, in: .ifNoneMatch) { return .notModified }
        } else if let lastModified, let date = headers[.ifModifiedSince].flatMap(HTTPDate.parse) {
            if lastModified <= date { return .notModified }
        }
        guard acceptsRanges, let range = headers[.range], headers[.ifRange].map(isCurrent) ?? true else {
            return .whole
        }
        return Self.parse(range, size: size)
    }

    /// Returns whether the value of `If-Range` identifies this representation.
    ///
    /// A date is accepted only if it is at least 60 seconds old, because a file can be replaced within the same second.
    private func isCurrent(_ validator: String) -> Bool {
        if validator == etag { return true }
        guard let lastModified else { return false }
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

    /// Parses a text of digits, and returns `nil` for any other text.
    ///
    /// `Int64` alone would also accept a sign.
    private static func number(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}

extension Response {
    /// Creates the response to `GET` or `HEAD`, according to the conditions and the range of the request.
    ///
    /// - Parameters:
    ///   - validators: The properties of the representation.
    ///   - headers: The headers of responses with status 200, 206 or 304.
    ///   - request: The request.
    ///   - body: The closure that returns a body with a range of the bytes. Called only for `GET`, and only if the
    ///     status is 200 or 206.
    /// - Returns: The response.
    /// - Throws: `.preconditionFailed` if `If-Match` or `If-Unmodified-Since` is not satisfied; the errors of `body`.
    static func representation(
        _ validators: Validators,
        headers: HTTPFields,
        for request: Request,
        body: (Range<Int64>) async throws -> ResponseBody
    ) async throws -> Response {
        let (range, status): (Range<Int64>, HTTPResponse.Status)
        switch validators.outcome(of: request.headers) {
        case .preconditionFailed:
            throw PontoonError(.preconditionFailed, "The file does not satisfy the conditions of the request.")
        case .notModified: return Response(status: .notModified, headers: headers)
        case .unsatisfiable:
            let message = "The range is outside the file, which has \(validators.size) bytes."
            var response = refusal(PontoonError(.rangeNotSatisfiable, message))
            response.headers[.contentRange] = "bytes */\(validators.size)"
            return response
        case .whole: (range, status) = (0..<validators.size, .ok)
        case .range(let selected): (range, status) = (selected, .partialContent)
        }
        var headers = headers
        headers[.contentLength] = String(range.count)
        if status == .partialContent {
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(validators.size)"
        }
        if request.method == .head { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: try await body(range))
    }
}
