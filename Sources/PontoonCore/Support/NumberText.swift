extension BinaryInteger {
    /// Formats the number with zeros in front up to a number of digits; for numbers that are not negative.
    package func padded(to length: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: max(0, length - digits.count)) + digits
    }
}

extension Double {
    /// Formats the number with decimal places, from 1 to 6, such as `12.30`; for numbers that are not negative.
    package func text(places: Int) -> String {
        let factor = (0..<places).reduce(Int64(1)) { factor, _ in factor * 10 }
        guard let scaled = Int64(exactly: (self * Double(factor)).rounded()) else { return "\(self)" }
        return "\(scaled / factor).\((scaled % factor).padded(to: places))"
    }
}
