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

    /// Returns the value of a column.
    ///
    /// - Throws: ``SQLRowError`` if there is no such column.
    package func value(_ column: String) throws -> SQLValue {
        // A linear search is faster than hashing, because rows have few columns with short names.
        guard let index = columns.firstIndex(of: column), index < values.count else {
            throw SQLRowError(column: column, problem: "no such column")
        }
        return values[index]
    }

    /// Returns a text value, or `nil` for `NULL`.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains an integer.
    package func optionalText(_ column: String) throws -> String? {
        switch try value(column) {
        case .null: nil
        case .text(let text): text
        case .integer: throw SQLRowError(column: column, problem: "not text")
        }
    }

    /// Returns a text value.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains `NULL` or an integer.
    package func text(_ column: String) throws -> String {
        try require(try optionalText(column), column)
    }

    /// Returns an integer value, or `nil` for `NULL`.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains text.
    package func optionalInteger(_ column: String) throws -> Int64? {
        switch try value(column) {
        case .null: nil
        case .integer(let integer): integer
        case .text: throw SQLRowError(column: column, problem: "not an integer")
        }
    }

    /// Returns an integer value.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains `NULL` or text.
    package func integer(_ column: String) throws -> Int64 {
        try require(try optionalInteger(column), column)
    }

    /// Returns an integer value as an `Int`.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains `NULL`, text, or an integer that does not fit
    ///   into `Int`.
    package func count(_ column: String) throws -> Int {
        try decode(column, try integer(column)) { Int(exactly: $0) }
    }

    /// Returns an integer value as a Boolean; 0 is false.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains `NULL` or text.
    package func flag(_ column: String) throws -> Bool { try integer(column) != 0 }

    /// Returns an integer value, which is Unix time in milliseconds, as a date.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains `NULL` or text.
    package func date(_ column: String) throws -> Date {
        Date(timeIntervalSince1970: Double(try integer(column)) / 1000)
    }

    /// Returns an integer value, which is Unix time in milliseconds, as a date, or `nil` for `NULL`.
    ///
    /// - Throws: ``SQLRowError`` if the column is missing or contains text.
    package func optionalDate(_ column: String) throws -> Date? {
        try optionalInteger(column).map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }

    /// Converts the raw value of a column.
    ///
    /// - Throws: ``SQLRowError`` if `convert` returns `nil`; the errors of `convert`.
    func decode<Raw, Value>(_ column: String, _ raw: Raw, _ convert: (Raw) throws -> Value?) throws -> Value {
        guard let value = try convert(raw) else { throw SQLRowError(column: column, problem: "unexpected value") }
        return value
    }

    private func require<Value>(_ value: Value?, _ column: String) throws -> Value {
        guard let value else { throw SQLRowError(column: column, problem: "NULL") }
        return value
    }
}

/// The error for a column that is missing from the result, or that contains a value which the store never writes.
///
/// The description contains no values.
package struct SQLRowError: Error, CustomStringConvertible {
    package let column: String
    package let problem: String

    package var description: String { "column \(column): \(problem)" }
}
