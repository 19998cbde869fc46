/// The text of one SQL statement.
package struct SQLStatement: Sendable, ExpressibleByStringLiteral {
    /// The SQL, with parameters `$1`, `$2`, … in order of first use.
    package let text: String
    /// Whether a driver should keep it prepared: the text is a constant of the program, so there are few of them.
    package let isConstant: Bool

    /// Takes a constant.
    package init(stringLiteral text: String) { self.init(constant: text) }

    /// Takes a text put together from constants only.
    package init(constant text: String) {
        self.text = text
        isConstant = true
    }

    fileprivate init(once text: String) {
        self.text = text
        isConstant = false
    }
}

/// Puts a statement together whose number of parameters depends on the input; values never become part of the text.
struct SQLBuilder {
    private(set) var text: String
    private(set) var values: [SQLValue] = []

    /// Begins with a piece of SQL without parameters.
    init(_ text: String) { self.text = text }

    /// Appends a piece of SQL.
    mutating func append(_ piece: String) { text += piece }

    /// Puts pieces of SQL without parameters around what there is.
    mutating func wrap(_ before: String, _ after: String) { text = before + text + after }

    /// Appends a value as the next parameter.
    mutating func append(value: some SQLConvertible) {
        values.append(value.sqlValue)
        text += "$\(values.count)"
    }

    /// Appends `($1, $2, …)`.
    /// - Parameter list: Not empty: an empty list is not SQL.
    mutating func append(list: some Sequence<some SQLConvertible>) {
        var separator = "("
        for value in list {
            append(separator)
            append(value: value)
            separator = ", "
        }
        append(")")
    }

    /// The finished statement.
    var statement: SQLStatement { SQLStatement(once: text) }
}

extension SQLConnection {
    /// Runs a built statement that gives rows back.
    func query(_ built: SQLBuilder, holding: SQLRowLock? = nil) throws -> [SQLRow] {
        try query(built.statement, values: built.values, holding: holding)
    }

    /// Runs a built statement that gives no rows back.
    @discardableResult
    func execute(_ built: SQLBuilder) throws -> Int {
        try execute(built.statement, values: built.values)
    }

    /// Inserts rows, many with each statement.
    /// - Parameters:
    ///   - target: Table and columns, such as `file_tags (file_id, position, tag)`.
    ///   - rows: One array of values in the order of the columns for each row.
    ///   - conflict: An `ON CONFLICT` clause.
    /// - Throws: ``SQLError``, also later: see ``send(_:values:holding:)``.
    func insert(into target: String, rows: [[any SQLConvertible]], conflict: String = "") throws {
        for chunk in rows.chunks(of: 500) {
            var insert = SQLBuilder("INSERT INTO \(target) VALUES ")
            for (index, row) in chunk.enumerated() {
                insert.append(index == 0 ? "" : ", ")
                insert.append(list: row.map(\.sqlValue))
            }
            insert.append(" \(conflict)")
            try send(insert.statement, values: insert.values, holding: nil)
        }
    }
}

extension Array {
    /// Cuts into pieces, so that a statement stays within the parameters that a database allows.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
