extension BinaryInteger {
    /// Formats a non-negative number with leading zeros to at least `length` digits.
    package func padded(to length: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: max(0, length - digits.count)) + digits
    }
}

extension Double {
    /// Formats a non-negative number with `places` decimal places, 1 to 6, such as `12.30`.
    package func text(places: Int) -> String {
        let factor = (0..<places).reduce(Int64(1)) { factor, _ in factor * 10 }
        guard let scaled = Int64(exactly: (self * Double(factor)).rounded()) else { return "\(self)" }
        return "\(scaled / factor).\((scaled % factor).padded(to: places))"
    }
}
