import GRDB

/// A GRDB connection that runs statements within one transaction.
struct SQLiteConnection: SQLConnection {
    let database: Database
    /// One shard suffices, because only one transaction writes at a time.
    let counterShard = 0

    func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow] {
        // No lock is needed, because only one transaction writes at a time.
        do {
            let prepared = try prepare(statement)
            let columns = prepared.columnNames
            var result: [SQLRow] = []
            let rows = try Row.fetchCursor(prepared, arguments: try Self.arguments(values))
            while let row = try rows.next() {
                result.append(SQLRow(columns: columns, values: try row.databaseValues.map(Self.value)))
            }
            return result
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }

    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
        do {
            try prepare(statement).execute(arguments: try Self.arguments(values))
            return database.changesCount
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }

    func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws {
        // The statement is executed immediately, because there is no round trip to save. Statements that only lock rows
        // are skipped.
        if lock == nil { _ = try execute(statement, values: values) }
    }

    private func prepare(_ statement: SQLStatement) throws -> Statement {
        // SQLite treats `$1` as a name, numbers names in order of first use, and binds values by that number.
        assert(statement.numbersParametersByFirstUse, "parameters out of order: \(statement.text)")
        return statement.isConstant
            ? try database.cachedStatement(sql: statement.text)
            : try database.makeStatement(sql: statement.text)
    }

    private static func arguments(_ values: [SQLValue]) throws -> StatementArguments {
        // GRDB's initializer for an array of one type is slower, because it creates a key path for every statement.
        StatementArguments(try values.map(databaseValue))
    }

    private static func databaseValue(_ value: SQLValue) throws -> (any DatabaseValueConvertible)? {
        switch value {
        case .null: return nil
        case .integer(let integer): return integer
        case .text(let text):
            // SQLite expects a C string and would silently truncate the text at U+0000.
            guard !text.utf8.contains(0) else { throw SQLError(.unstorableText, "text contains U+0000") }
            return text
        }
    }

    private static func value(_ value: DatabaseValue) throws -> SQLValue {
        switch value.storage {
        case .null: .null
        case .int64(let integer): .integer(integer)
        case .string(let text): .text(text)
        case .double, .blob: throw SQLError(.other, "a column is neither an integer nor text")
        }
    }
}

extension SQLStatement {
    fileprivate var numbersParametersByFirstUse: Bool {
        var highest = 0
        // Does not use a regular expression, because it took a tenth of the processor time of debug builds.
        for piece in text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false).dropFirst() {
            let digits = piece.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { continue }
            guard let number = Int(Substring(digits)), number <= highest + 1 else { return false }
            highest = max(highest, number)
        }
        return true
    }
}

extension SQLError {
    /// Classifies an SQLite error.
    init(_ error: DatabaseError) {
        let kind: Kind =
            switch error.extendedResultCode {
            case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY: .uniqueViolation
            case .SQLITE_CONSTRAINT_FOREIGNKEY: .foreignKeyViolation
            case .SQLITE_CONSTRAINT_CHECK: .checkViolation
            // SQLite maps ENOSPC to FULL, except when the -shm file grows.
            case .SQLITE_IOERR_SHMSIZE: .full
            default:
                switch error.resultCode {
                case .SQLITE_FULL: .full
                case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
                // Usually, the process has no free file descriptors. A wrong path is detected earlier, when the file is
                // created.
                case .SQLITE_CANTOPEN: .unreachable
                // The time limit of a read has passed.
                case .SQLITE_INTERRUPT: .busy
                default: .other
                }
            }
        self.init(kind, "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no message")")
    }
}
