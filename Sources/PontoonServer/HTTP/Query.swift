import Foundation
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The decoded query of a request, in which `+` is a space and a parameter may be repeated.
struct Query: Sendable {
    /// Names and values, in request order.
    let items: [(name: String, value: String)]

    /// Parses the query.
    ///
    /// A name or value in which a `%` is not followed by two hex digits is not percent-decoded at all, because some
    /// clients send names with `%` unencoded.
    ///
    /// - Throws: `.badRequest` for an encoded name or value that is not UTF-8, or contains too many combining marks in
    ///   a row.
    init(_ request: Request) throws(PontoonError) {
        var items: [(name: String, value: String)] = []
        for item in (request.uri.query ?? "").split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((name: try Self.decode(pair[0]), value: try Self.decode(pair.count == 2 ? pair[1] : "")))
        }
        self.items = items
    }

    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// Returns whether a parameter is `true`, in any letter case.
    func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }

    /// Reads the requested page.
    ///
    /// The default offset is 0 and the default limit 50; a limit above 100 counts as 100.
    ///
    /// - Throws: `.badRequest` unless `limit` is a positive integer and `offset` a non-negative one.
    func page() throws(PontoonError) -> Page {
        Page(offset: try number("offset", from: 0) ?? 0, limit: min(try number("limit", from: 1) ?? 50, 100))
    }

    /// Returns this query, percent-encoded, with the offset and limit of the given page.
    func encoded(_ page: Page) -> String {
        encoded([("offset", String(page.offset)), ("limit", String(page.limit))], without: [])
    }

    /// Returns this query, percent-encoded, with the given token and limit, and without `offset`, which a scroll does
    /// not use.
    func encoded(_ token: ScrollToken, limit: Int) -> String {
        encoded([("token", token.text), ("limit", String(limit))], without: ["offset"])
    }

    private func encoded(_ replacements: [(name: String, value: String)], without dropped: Set<String>) -> String {
        let others = items.filter { item in
            !dropped.contains(item.name) && !replacements.contains { $0.name == item.name }
        }
        return (others + replacements)
            .map { "\(PercentEncoding.component($0.name))=\(PercentEncoding.component($0.value))" }
            .joined(separator: "&")
    }

    /// Reads an integer parameter; returns `nil` if it is absent.
    ///
    /// - Throws: `.badRequest` if the parameter is not an integer or is less than `minimum`.
    func number(_ name: String, from minimum: Int) throws(PontoonError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), value >= minimum else {
            throw PontoonError(.badRequest, "The parameter '\(name)' must be an integer of at least \(minimum).")
        }
        return value
    }

    private static func decode(_ text: Substring) throws(PontoonError) -> String {
        let spaced = text.utf8.contains(UInt8(ascii: "+")) ? String(text).replacing("+", with: " ") : String(text)
        if let decoded = PercentEncoding.decode(spaced) {
            guard CombiningMarks.areFew(in: decoded) else {
                let problem = "more than \(CombiningMarks.limit) combining marks in a row"
                throw PontoonError(.badRequest, "The query of the URL contains \(problem).")
            }
            return decoded
        }
        // If stored without decoding, the text would contain escapes, and two different names could become the same.
        guard !PercentEncoding.isWellFormed(spaced) else {
            throw PontoonError(.badRequest, "The percent-encoded query of the URL is not valid UTF-8.")
        }
        return spaced
    }
}
