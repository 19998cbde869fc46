import Foundation
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The query of a request, decoded: repeated parameters keep their order, `+` is a blank.
struct Query: Sendable {
    /// Names and values as they came.
    let items: [(name: String, value: String)]

    /// Reads a query; what cannot be decoded is taken as it is.
    init(_ request: Request) {
        items = (request.uri.query ?? "").split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(pair[0]), pair.count == 2 ? Self.decode(pair[1]) : "")
        }
    }

    /// The first value of a parameter.
    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values of a parameter.
    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// A switch, in any letter case; anything but `true` is false.
    func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }

    /// The page asked for.
    ///
    /// - Throws: `.badRequest` unless `limit` is a whole number from 1 and `offset` one from 0; a limit above 100 counts as
    ///   100.
    func page() throws(PontoonError) -> Page {
        Page(offset: try number("offset", from: 0) ?? 0, limit: min(try number("limit", from: 1) ?? 50, 100))
    }

    /// The fields asked for.
    var fields: FieldSelection { FieldSelection(self["fields"]) }

    /// The same query at another page, encoded.
    func encoded(_ page: Page) -> String {
        encoded([("offset", String(page.offset)), ("limit", String(page.limit))], without: [])
    }

    /// The same query from another token on, encoded; a scroll has no offset.
    func encoded(_ token: ScrollToken, limit: Int) -> String {
        encoded([("token", token.text), ("limit", String(limit))], without: ["offset"])
    }

    private func encoded(_ replacements: [(name: String, value: String)], without dropped: Set<String>) -> String {
        let others = items.filter { item in
            !dropped.contains(item.name) && !replacements.contains { $0.name == item.name }
        }
        return (others + replacements).map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }
            .joined(separator: "&")
    }

    /// A whole number.
    ///
    /// - Throws: `.badRequest` when it is none, or less than the least.
    func number(_ name: String, from least: Int) throws(PontoonError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), value >= least else {
            throw PontoonError(.badRequest, "The parameter '\(name)' must be a whole number from \(least).")
        }
        return value
    }

    private static func decode(_ text: Substring) -> String {
        let blanks = text.utf8.contains(UInt8(ascii: "+")) ? String(text).replacing("+", with: " ") : String(text)
        return unescape(blanks) ?? blanks
    }

    /// Decodes percent escapes, which most text has none of.
    ///
    /// - Returns: `nil` when they are not UTF-8.
    static func unescape(_ text: String) -> String? {
        text.utf8.contains(UInt8(ascii: "%")) ? text.removingPercentEncoding : text
    }

    /// Writes text so that it stands for itself in a query or as one segment of a path.
    static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
}
