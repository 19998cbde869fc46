import Foundation

/// The media ranges of an `Accept` header.
///
/// Source: RFC 9110, section 12.5.1.
struct AcceptHeader {
    /// Weights from 0 to 1 by media range in lower case, without parameters.
    private var weights: [String: Double] = [:]

    /// Parses the values of all `Accept` headers; ignores elements that are not media ranges.
    init(_ values: [String]) {
        for element in values.flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            guard let range = parts.first, range.split(separator: "/").count == 2 else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            weights[range] = max(weights[range] ?? 0, min(1, max(0, weight)))
        }
    }

    /// Whether the client names HTML, at least with the weight of JSON.
    ///
    /// The range `*/*` does not name HTML, because HTTP libraries and curl send it with every request.
    var prefersHTML: Bool {
        let html = weights["text/html"] ?? weights["text/*"] ?? 0
        let json = weights["application/json"] ?? weights["application/*"] ?? 0
        return html > 0 && html >= json
    }
}
