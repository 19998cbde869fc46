extension FixedWidthInteger {
    /// Returns the sum, or the nearest representable value if the sum overflows.
    ///
    /// For untrusted values, such as file sizes, whose sum must not stop the process.
    package func addingClamped(_ other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// The sum of the elements, or the nearest representable value if a partial sum overflows.
    package var clampedSum: Element { reduce(0) { $0.addingClamped($1) } }
}
