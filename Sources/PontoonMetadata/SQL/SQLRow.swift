package import Foundation

/// One row of a result.
package struct SQLRow: Sendable {
    let columns: [String]
    private let values: [SQLValue]

    /// Creates a row from names and values in the same order.
    ///
    /// Rows of one result should share the array of names.
    package init(columns: [String], values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// - Throws: ``SQLRowError`` if there is no such column.
    package func value(_ column: String) throws -> SQLValue {
        // A linear search: rows have few columns with short names, which compare faster than they hash.
        guard let index = columns.firstIndex(of: column), index < values.count else {
            throw SQLRowError(column: column, problem: "no such column")
        }
        return values[index]
    }

    /// Text; `nil` for `NULL`.
    /// - Throws: ``SQLRowError`` for an integer.
    package func optionalText(_ column: String) throws -> String? {
        switch try value(column) {
        case .null: nil
        case .text(let text): text
        case .integer: throw SQLRowError(column: column, problem: "not text")
        }
    }

    /// - Throws: ``SQLRowError`` for `NULL` or an integer.
    package func text(_ column: String) throws -> String {
        try require(try optionalText(column), column)
    }

    /// An integer; `nil` for `NULL`.
    /// - Throws: ``SQLRowError`` for text.
    package func optionalInteger(_ column: String) throws -> Int64? {
        switch try value(column) {
        case .null: nil
        case .integer(let integer): integer
        case .text: throw SQLRowError(column: column, problem: "not an integer")
        }
    }

    /// - Throws: ``SQLRowError`` for `NULL` or text.
    package func integer(_ column: String) throws -> Int64 {
        try require(try optionalInteger(column), column)
    }

    /// An integer that fits into `Int`.
    /// - Throws: ``SQLRowError`` for anything else.
    package func count(_ column: String) throws -> Int {
        try decode(column, try integer(column)) { Int(exactly: $0) }
    }

    /// An integer as a Boolean; 0 is false.
    /// - Throws: ``SQLRowError`` for `NULL` or text.
    package func flag(_ column: String) throws -> Bool { try integer(column) != 0 }

    /// An integer as Unix time in milliseconds.
    /// - Throws: ``SQLRowError`` for `NULL` or text.
    package func date(_ column: String) throws -> Date {
        Date(timeIntervalSince1970: Double(try integer(column)) / 1000)
    }

    /// Converts a raw value of a column.
    /// - Throws: ``SQLRowError`` if `convert` returns `nil`.
    func decode<Raw, Value>(_ column: String, _ raw: Raw, _ convert: (Raw) throws -> Value?) throws -> Value {
        guard let value = try convert(raw) else { throw SQLRowError(column: column, problem: "not a known value") }
        return value
    }

    private func require<Value>(_ value: Value?, _ column: String) throws -> Value {
        guard let value else { throw SQLRowError(column: column, problem: "NULL") }
        return value
    }
}

/// A column has a value that the store never writes, or a query does not return the column.
///
/// Contains no values.
package struct SQLRowError: Error, CustomStringConvertible {
    package let column: String
    package let problem: String

    package var description: String { "column \(column): \(problem)" }
}
