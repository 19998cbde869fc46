import Foundation
import HTTPTypes

extension HTTPFields {
    /// Returns whether the list of entity tags in `name` contains a tag, by weak comparison, or is `*`.
    ///
    /// Source: RFC 9110, section 13.1.2.
    func contains(etag: String, in name: HTTPField.Name) -> Bool {
        guard let tags = self[name] else { return false }
        return tags == "*" || Self.tags(tags).contains { $0 == etag || $0 == "W/\(etag)" }
    }

    /// Splits a list of entity tags at its commas; the tags of this server contain no comma.
    static func tags(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
