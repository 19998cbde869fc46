/// A reader of CSV tables, in the format of RFC 4180.
///
/// Unlike in the RFC, a row may end with LF or CR alone. Spaces and tabs before a value and after its closing quote are
/// ignored. A byte order mark is part of the first value.
struct CSVReader {
    /// An error in the syntax of a table.
    struct SyntaxError: Error, Equatable {
        /// Number of the row with the error, counted from 1; the header is row 1.
        let row: Int
        let reason: Reason

        enum Reason: Equatable {
            /// The closing quote of a value is missing.
            case unclosedQuote
            /// An unquoted value contains a quote.
            case quoteInValue
            /// A closing quote is not followed by a comma or the end of the row.
            case textAfterQuote
        }
    }

    private enum State {
        case beforeValue, unquoted, quoted
        /// After a quote in a quoted value. The quote closes the value unless another quote follows.
        case afterQuote
        case afterValue
    }

    private var state = State.beforeValue
    private var value: [UInt8] = []
    private var row: [String] = []
    private var rows: [[String]] = []

    /// Returns the values of each row, including the header.
    ///
    /// An empty line is a row with one empty value.
    ///
    /// - Throws: ``SyntaxError`` for the first error.
    static func rows(of text: String) throws(SyntaxError) -> [[String]] {
        var reader = CSVReader()
        var followsCR = false
        for byte in text.utf8 {
            if byte == lineFeed, followsCR, reader.state == .beforeValue {
                followsCR = false
                continue
            }
            followsCR = byte == carriageReturn
            try reader.read(byte)
        }
        if reader.state == .quoted { throw reader.error(.unclosedQuote) }
        if reader.state != .beforeValue || !reader.row.isEmpty { reader.endRow() }
        return reader.rows
    }

    private mutating func read(_ byte: UInt8) throws(SyntaxError) {
        switch (state, byte) {
        case (.quoted, Self.quote): state = .afterQuote
        case (.quoted, _): value.append(byte)
        case (.afterQuote, Self.quote):
            value.append(byte)
            state = .quoted
        case (_, Self.comma): endValue()
        case (_, Self.lineFeed), (_, Self.carriageReturn): endRow()
        case (.beforeValue, Self.space), (.beforeValue, Self.tab): break
        case (.beforeValue, Self.quote): state = .quoted
        case (.unquoted, Self.quote): throw error(.quoteInValue)
        case (.beforeValue, _), (.unquoted, _):
            value.append(byte)
            state = .unquoted
        case (.afterQuote, Self.space), (.afterQuote, Self.tab), (.afterValue, Self.space), (.afterValue, Self.tab):
            state = .afterValue
        case (.afterQuote, _), (.afterValue, _): throw error(.textAfterQuote)
        }
    }

    private mutating func endValue() {
        row.append(String(decoding: value, as: UTF8.self))
        value.removeAll(keepingCapacity: true)
        state = .beforeValue
    }

    private mutating func endRow() {
        endValue()
        rows.append(row)
        row = []
    }

    private func error(_ reason: SyntaxError.Reason) -> SyntaxError {
        SyntaxError(row: rows.count + 1, reason: reason)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let space = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
}

extension CSVReader.SyntaxError: CustomStringConvertible {
    /// A clause that describes the error, such as "row 3 has a value without a closing quote".
    var description: String {
        switch reason {
        case .unclosedQuote: "row \(row) has a value without a closing quote"
        case .quoteInValue: "row \(row) has a quote inside a value that is not quoted"
        case .textAfterQuote: "row \(row) has text after a closing quote"
        }
    }
}
