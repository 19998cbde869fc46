extension Unicode.Scalar {
    /// Whether a terminal would interpret the character or display nothing for it.
    ///
    /// This applies to control characters, line separators, and format characters such as those that reverse the
    /// direction of text. Names and messages come from other users and from servers, which could use such characters to
    /// falsify the output.
    fileprivate var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Joiners are needed to write some languages and emoji.
        case .format: self != "\u{200C}" && self != "\u{200D}" && properties.isDefaultIgnorableCodePoint
        default: properties.isBidiControl
        }
    }
}

extension String {
    /// The text with invisible characters replaced by their codes, such as `<U+202E>`.
    ///
    /// The client applies this to every line of text that it prints.
    package var visible: String {
        replacingInvisible { "<U+\(hexadecimal($0))>" }
    }

    /// The JSON text with invisible characters escaped, such as `\u202e`.
    ///
    /// The text must contain invisible characters, including line breaks, only inside strings.
    package var escapedForJSON: String {
        replacingInvisible { scalar in
            String(scalar).utf16.map { "\\u" + hexadecimal($0).lowercased() }.joined()
        }
    }

    private func replacingInvisible(_ replacement: (Unicode.Scalar) -> String) -> String {
        guard unicodeScalars.contains(where: \.isInvisible) else { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar.isInvisible {
                text.append(contentsOf: replacement(scalar).unicodeScalars)
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}

private func hexadecimal(_ scalar: Unicode.Scalar) -> String { hexadecimal(scalar.value) }

private func hexadecimal(_ value: some BinaryInteger) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
