/// The limit on the number of combining marks in a row, beyond which text from outside is refused.
///
/// `String` compares and hashes by canonical equivalence: it sorts each sequence of combining marks by their combining
/// classes, in time that grows with the square of the number of marks. Without a limit, the comparison of two strings of
/// 1 MiB would take minutes.
package enum CombiningMarks {
    /// Maximum number of combining marks in a row: as many as fit into the longest file name.
    package static let limit = 255

    /// Returns whether no more than ``limit`` combining marks follow each other in the text.
    package static func areFew(in text: String) -> Bool {
        // Each mark takes at least two bytes.
        guard text.utf8.count > 2 * limit else { return true }
        var count = 0
        for scalar in text.unicodeScalars {
            guard isMark(scalar) else {
                count = 0
                continue
            }
            count += 1
            guard count <= limit else { return false }
        }
        return true
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        switch scalar.value {
        // Their class is 0, but they are decomposed into two marks.
        case 0xF73, 0xF75, 0xF81: return true
        default: return scalar.properties.canonicalCombiningClass != .notReordered
        }
    }
}
