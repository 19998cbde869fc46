import Foundation
import PontoonCore

/// The position at which a scroll through a folder continues: after the last name of the previous page.
///
/// Names are unique in a folder and lists are ordered by name, so the position remains valid when entries are added or
/// deleted, even if the last entry itself is deleted.
///
/// Source: docs/api.md#scroll.
struct ScrollToken: Hashable, Sendable {
    static let beginning = ScrollToken(after: nil)

    /// Name of the last entry of the previous page; `nil` for the first page.
    let after: String?

    init(after name: String?) { after = name }

    /// Reads the `token` parameter; if it is absent or `init`, the scroll starts with the first entry.
    ///
    /// - Throws: `.badRequest` if the token is malformed.
    init(_ text: String?) throws(PontoonError) {
        guard let text, text != Self.initial else {
            self = .beginning
            return
        }
        guard text.hasPrefix(Self.version), let name = Self.decode(text.dropFirst(Self.version.count)),
            FileName.problem(with: name) == nil, ScrollToken(after: name).text == text
        else {
            throw PontoonError(.badRequest, "The parameter 'token' must be 'init', or the token in a 'next' link.")
        }
        after = name
    }

    /// The token as text, consisting of letters, digits, `-` and `_`.
    var text: String {
        guard let after else { return Self.initial }
        let encoded = Data(after.utf8).base64EncodedString()
        return Self.version
            + encoded.replacing("+", with: "-").replacing("/", with: "_").prefix { $0 != "=" }
    }

    private static let initial = "init"
    /// Prefix of all tokens except ``initial``.
    private static let version = "n1"

    private static func decode(_ text: Substring) -> String? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        guard let bytes = Data(base64Encoded: standard + padding) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
