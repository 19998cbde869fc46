/// What "complete" must do with an upload, decided without I/O.
///
/// Source: docs/api.md#complete.
package enum CompletionPlan: Equatable {
    /// Assemble these parts, in this order.
    case assemble([PartRecord], size: Int64)
    /// Refuse with `.completeRefused`, saying what is missing; the upload stays usable.
    case refuse(String)

    /// Decides.
    ///
    /// Only reported parts count. They must be numbered from 1 without a gap and add up to the declared length; a
    /// declared length of 0 needs no part.
    ///
    /// - Parameters:
    ///   - parts: All stored parts, by number.
    ///   - size: Declared length in bytes; `nil` when unknown.
    package init(parts: [PartRecord], size: Int64?) {
        let reported = parts.filter(\.isReported)
        if reported.isEmpty, size != 0 {
            self = .refuse(
                parts.isEmpty
                    ? "No part was sent." : "No part was reported; \(parts.count) are stored and not reported."
            )
            return
        }
        if let gap = Self.missing(in: reported.map(\.number.rawValue)) {
            self = .refuse("Parts are missing: \(gap).")
            return
        }
        let total = reported.reduce(0) { $0 + $1.size }
        if let size, size != total {
            self = .refuse("The reported parts hold \(total) bytes, but \(size) were declared.")
            return
        }
        guard total <= PartSizing.maximumFileSize else {
            self = .refuse("The reported parts hold more than 5 TiB.")
            return
        }
        self = .assemble(reported, size: total)
    }

    /// - Throws: `.completeRefused`.
    package func partsToAssemble() throws(PontoonError) -> [PartRecord] {
        switch self {
        case .refuse(let reason): throw PontoonError(.completeRefused, reason)
        case .assemble(let parts, _): return parts
        }
    }

    /// The numbers that lack between 1 and the last, as text; at most ten of them by name.
    private static func missing(in numbers: [Int]) -> String? {
        let present = Set(numbers)
        let missing = (1...max(1, numbers.last ?? 1)).filter { !present.contains($0) && !numbers.isEmpty }
        guard !missing.isEmpty else { return nil }
        let named = missing.prefix(10).map(String.init).joined(separator: ", ")
        return missing.count > 10 ? "\(named) and \(missing.count - 10) more" : named
    }
}
