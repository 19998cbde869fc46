import Foundation

/// The elements of an `Accept` or `Accept-Encoding` header with their weights.
///
/// Source: RFC 9110, section 12.4.2.
struct WeightedList {
    /// Weights from 0 to 1, by element in lower case and without parameters.
    ///
    /// A repeated element has its highest weight.
    private var weights: [String: Double] = [:]

    /// Parses the values of all headers with the same name.
    ///
    /// The weight of an element is 1 if it is absent, and 0 if it is malformed.
    init(_ values: [String]) {
        for element in values.flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            guard let name = parts.first, !name.isEmpty else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            weights[name] = max(weights[name] ?? 0, min(1, max(0, weight)))
        }
    }

    /// Returns the weight of the first given name that is in the list, or 0 if the list has none of them.
    func weight(of names: String...) -> Double { names.lazy.compactMap { weights[$0] }.first ?? 0 }

    /// Whether the list contains `text/html` or `text/*`, with at least the weight of JSON.
    ///
    /// The range `*/*` does not count as HTML, because HTTP libraries and curl send it by default.
    var prefersHTML: Bool {
        let html = weight(of: "text/html", "text/*")
        return html > 0 && html >= weight(of: "application/json", "application/*")
    }
}
