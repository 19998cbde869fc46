package import Foundation

/// One row of a result.
package struct SQLRow: Sendable {
    let columns: [String]
    private let values: [SQLValue]

    /// Joins names and values of the same order; the names are shared by all rows of a result.
    package init(columns: [String], values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// - Throws: ``SQLRowError`` when there is no such column.
    package func value(_ column: String) throws -> SQLValue {
        // A linear search: rows have few columns with short names, which compare faster than they hash.
        guard let index = columns.firstIndex(of: column), index < values.count else {
            throw SQLRowError(column: column, problem: "no such column")
        }
        return values[index]
    }

    /// - Throws: ``SQLRowError`` when it is not text; `NULL` is `nil`.
    package func optionalText(_ column: String) throws -> String? {
        switch try value(column) {
        case .null: nil
        case .text(let text): text
        case .integer: throw SQLRowError(column: column, problem: "not text")
        }
    }

    /// - Throws: ``SQLRowError`` when it is not text.
    package func text(_ column: String) throws -> String {
        try require(try optionalText(column), column)
    }

    /// - Throws: ``SQLRowError`` when it is not an integer; `NULL` is `nil`.
    package func optionalInteger(_ column: String) throws -> Int64? {
        switch try value(column) {
        case .null: nil
        case .integer(let integer): integer
        case .text: throw SQLRowError(column: column, problem: "not an integer")
        }
    }

    /// - Throws: ``SQLRowError`` when it is not an integer.
    package func integer(_ column: String) throws -> Int64 {
        try require(try optionalInteger(column), column)
    }

    /// - Throws: ``SQLRowError`` when it is not an integer that fits.
    package func count(_ column: String) throws -> Int {
        try decode(column, try integer(column)) { Int(exactly: $0) }
    }

    /// 0 is false.
    /// - Throws: ``SQLRowError`` when it is not an integer.
    package func flag(_ column: String) throws -> Bool { try integer(column) != 0 }

    /// Unix time in milliseconds.
    /// - Throws: ``SQLRowError`` when it is not an integer.
    package func date(_ column: String) throws -> Date {
        Date(timeIntervalSince1970: Double(try integer(column)) / 1000)
    }

    /// Reads text or a number that has a meaning.
    /// - Throws: ``SQLRowError`` when `read` gives `nil`.
    func decode<Raw, Value>(_ column: String, _ raw: Raw, _ read: (Raw) throws -> Value?) throws -> Value {
        guard let value = try read(raw) else { throw SQLRowError(column: column, problem: "not a known value") }
        return value
    }

    private func require<Value>(_ value: Value?, _ column: String) throws -> Value {
        guard let value else { throw SQLRowError(column: column, problem: "NULL") }
        return value
    }
}

/// The database holds, or a query gave, something other than what the store wrote.
///
/// Shows no values.
package struct SQLRowError: Error, CustomStringConvertible {
    /// Which column.
    package let column: String
    /// What is wrong with it.
    package let problem: String

    package var description: String { "column \(column): \(problem)" }
}
