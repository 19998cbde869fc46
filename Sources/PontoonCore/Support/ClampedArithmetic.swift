extension FixedWidthInteger {
    /// Returns the sum, or the nearest representable value if the sum overflows.
    ///
    /// Used for untrusted values, such as file sizes: an overflow must not crash the process.
    package func addingClamped(_ other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }

    /// The number with the opposite sign, or the nearest representable value if the negation overflows.
    package var negatedClamped: Self {
        let (difference, overflows) = Self.zero.subtractingReportingOverflow(self)
        return overflows ? (self < 0 ? .max : .min) : difference
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// The sum of the elements, with every partial sum clamped to the range of the type.
    package var clampedSum: Element { reduce(0) { $0.addingClamped($1) } }
}
