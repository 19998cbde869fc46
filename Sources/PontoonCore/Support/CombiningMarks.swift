/// The limit on the number of consecutive combining marks, above which untrusted text is refused.
///
/// `String` compares and hashes by canonical equivalence: it sorts each sequence of combining marks by combining class,
/// in time that grows with the square of the number of marks. Without a limit, the comparison of two strings of 1 MiB
/// would take minutes.
package enum CombiningMarks {
    /// Maximum number of consecutive combining marks, which is the maximum number of characters in a file name.
    package static let limit = 255

    /// Returns whether a text has at most ``limit`` consecutive combining marks.
    package static func areFew(in text: String) -> Bool {
        // Each mark takes at least two bytes.
        guard text.utf8.count > 2 * limit else { return true }
        var run = Run()
        return text.unicodeScalars.allSatisfy { run.add($0) }
    }

    /// Returns whether a JSON text, which may escape characters, has at most ``limit`` consecutive combining marks.
    ///
    /// An escaped surrogate pair counts as a mark if it is below U+1F000, where emoji begin. Invalid UTF-8 ends a
    /// sequence.
    package static func areFew(inJSON text: some Collection<UInt8>) -> Bool {
        // Other text contains neither a mark nor an escape.
        guard text.contains(where: { $0 >= 0x80 || $0 == UInt8(ascii: "\\") }) else { return true }
        var run = Run()
        var escape = Escape()
        var iterator = text.makeIterator()
        var decoder = UTF8()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return true
            case .error: run = Run()
            case .scalarValue(let scalar):
                switch escape.add(scalar) {
                case .unfinished: continue
                case .finished(let unit): if !run.add(unit) { return false }
                case .absent: if !run.add(scalar) { return false }
                }
            }
        }
    }

    /// A counter of consecutive combining marks.
    private struct Run {
        private var count = 0

        /// Counts a character; returns `false` if it is a mark that exceeds the limit.
        mutating func add(_ scalar: Unicode.Scalar) -> Bool { add(isMark: CombiningMarks.isMark(scalar)) }

        /// Counts an escaped UTF-16 code unit; returns `false` if it is a mark that exceeds the limit.
        mutating func add(_ unit: UInt16) -> Bool {
            // The lead surrogate was counted for the whole pair.
            if UTF16.isTrailSurrogate(unit) { return true }
            // All marks beyond U+FFFF are below U+1F000, where emoji begin.
            if UTF16.isLeadSurrogate(unit) { return add(isMark: unit < 0xD83C) }
            return add(isMark: Unicode.Scalar(unit).map(CombiningMarks.isMark) ?? false)
        }

        private mutating func add(isMark: Bool) -> Bool {
            count = isMark ? count + 1 : 0
            return count <= CombiningMarks.limit
        }
    }

    /// A parser of `\u` escapes.
    private struct Escape {
        enum Result {
            /// The character is not part of a `\u` escape.
            case absent
            case unfinished
            case finished(UInt16)
        }

        private var isBackslash = false
        /// The digits of the current escape so far; `nil` outside of an escape.
        private var digits: [UInt16]?

        mutating func add(_ scalar: Unicode.Scalar) -> Result {
            if let previous = digits {
                guard let digit = Character(scalar).hexDigitValue else {
                    digits = nil
                    return .absent
                }
                let all = previous + [UInt16(digit)]
                digits = all.count < 4 ? all : nil
                return all.count < 4 ? .unfinished : .finished(all.reduce(0) { $0 << 4 | $1 })
            }
            defer { isBackslash = !isBackslash && scalar == "\\" }
            guard isBackslash else { return scalar == "\\" ? .unfinished : .absent }
            guard scalar == "u" else { return .absent }
            digits = []
            return .unfinished
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        switch scalar.value {
        // The combining class of these three vowel signs is 0, but each decomposes into two marks.
        case 0xF73, 0xF75, 0xF81: return true
        default: return scalar.properties.canonicalCombiningClass != .notReordered
        }
    }
}
