/// The text of one SQL statement.
package struct SQLStatement: Sendable, ExpressibleByStringLiteral {
    /// The SQL, with parameters `$1`, `$2`, … numbered in order of first use.
    package let text: String
    /// Whether the text is a constant of the program.
    ///
    /// Drivers keep constant statements prepared, because there are few of them.
    package let isConstant: Bool

    package init(stringLiteral text: String) { self.init(constant: text) }

    /// Creates a statement from a text composed of constants only.
    package init(constant text: String) {
        self.text = text
        isConstant = true
    }

    fileprivate init(once text: String) {
        self.text = text
        isConstant = false
    }
}

/// A builder for statements whose number of parameters depends on the input.
///
/// Values are always passed as parameters, never in the text.
struct SQLBuilder {
    private(set) var text: String
    private(set) var values: [SQLValue] = []

    /// Creates a builder that starts with SQL without parameters.
    init(_ text: String) { self.text = text }

    mutating func append(_ sql: String) { text += sql }

    /// Adds SQL without parameters before and after the text.
    mutating func wrap(_ before: String, _ after: String) { text = before + text + after }

    /// Appends a value as the next parameter.
    mutating func append(value: some SQLConvertible) {
        values.append(value.sqlValue)
        text += "$\(values.count)"
    }

    /// Appends a list of parameters: `($1, $2, …)`.
    ///
    /// - Parameter list: The values; must not be empty, because SQL has no empty lists.
    mutating func append(list: some Sequence<some SQLConvertible>) {
        var separator = "("
        for value in list {
            append(separator)
            append(value: value)
            separator = ", "
        }
        append(")")
    }

    var statement: SQLStatement { SQLStatement(once: text) }
}

extension SQLConnection {
    func query(_ built: SQLBuilder) throws -> [SQLRow] {
        try query(built.statement, values: built.values, lock: nil)
    }

    @discardableResult
    func execute(_ built: SQLBuilder) throws -> Int {
        try execute(built.statement, values: built.values)
    }

    /// Inserts rows, up to 500 per statement.
    ///
    /// - Parameters:
    ///   - target: Table and columns, such as `file_tags (file_id, position, tag)`.
    ///   - rows: The values of each row, in the order of the columns.
    ///   - conflict: An `ON CONFLICT` clause; empty for none.
    /// - Throws: ``SQLError``, which a later statement or the commit may throw instead; see
    ///   ``enqueue(_:values:lock:)``.
    func insert(into target: String, rows: [[any SQLConvertible]], conflict: String = "") throws {
        for chunk in rows.chunks(of: 500) {
            var insert = SQLBuilder("INSERT INTO \(target) VALUES ")
            for (index, row) in chunk.enumerated() {
                insert.append(index == 0 ? "" : ", ")
                insert.append(list: row.map(\.sqlValue))
            }
            insert.append(" \(conflict)")
            try enqueue(insert.statement, values: insert.values, lock: nil)
        }
    }
}

extension Array {
    /// Splits the array into chunks of at most `size` elements, because databases limit the number of parameters.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
