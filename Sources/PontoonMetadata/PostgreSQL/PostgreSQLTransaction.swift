#if PostgreSQL
/// One run of a body, in a transaction that begins with its first statement.
///
/// `BEGIN` travels with that statement, and the end of a read is not waited for: a read of one statement costs one round
/// trip, a write of one statement two.
final class PostgreSQLTransaction: SQLConnection {
    enum Kind: Sendable { case read, write }

    private let link: PostgreSQLLink
    private let kind: Kind
    private var hasBegun = false
    private var isCommitting = false
    /// What helps against the first failure.
    private(set) var remedy = PostgreSQLFailure.Remedy.none

    init(_ link: PostgreSQLLink, _ kind: Kind) {
        self.link = link
        self.kind = kind
    }

    func query(_ statement: SQLStatement, values: [SQLValue], holding: SQLRowLock?) throws -> [SQLRow] {
        try noting {
            try post(statement, values, holding)
            return try link.roundTrip().rows
        }
    }

    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
        try noting {
            try post(statement, values, nil)
            return try link.roundTrip().changes
        }
    }

    func send(_ statement: SQLStatement, values: [SQLValue], holding: SQLRowLock?) throws {
        try noting {
            try post(statement, values, holding)
            // Answers that nobody reads must not fill the buffers on the way.
            if link.unread > 200 { _ = try link.roundTrip() }
        }
    }

    /// Makes a write durable; ends a read.
    /// - Throws: ``SQLError``, of kind `.outcomeUnknown` when the connection broke on the way.
    func commit() throws {
        guard hasBegun else { return }
        try noting {
            try link.send("COMMIT", isConstant: true, values: [])
            switch kind {
            case .read: try link.flush()
            case .write:
                isCommitting = true
                // A transaction in which a statement failed is rolled back, whatever is asked for.
                guard try link.roundTrip().tag == "COMMIT" else {
                    throw SQLError(.other, "the transaction was rolled back because a statement of it had failed")
                }
            }
        }
    }

    /// Undoes what was done, as far as that is not done yet.
    func rollBack() {
        guard hasBegun, !link.isBroken else { return }
        do {
            // On its own: the server runs nothing that was sent together with a statement that fails.
            try link.flush()
            try link.send("ROLLBACK", isConstant: true, values: [])
            _ = try link.roundTrip()
        } catch {
            // The server undoes it when the connection is gone.
            link.abandon()
        }
    }

    private func post(_ statement: SQLStatement, _ values: [SQLValue], _ lock: SQLRowLock?) throws {
        if !hasBegun {
            hasBegun = true
            try link.send(kind.begin, isConstant: true, values: [])
        }
        let text = statement.text + (lock?.clause ?? "")
        try link.send(text, isConstant: statement.isConstant, values: values)
    }

    private func noting<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as PostgreSQLFailure {
            if isCommitting, failure.remedy == .connecting {
                // Not to be repeated: it may have taken place.
                remedy = .none
                throw SQLError(.outcomeUnknown, "the answer to a commit was lost: \(failure.error)")
            }
            if remedy == .none { remedy = failure.remedy }
            throw failure.error
        }
    }
}

extension PostgreSQLTransaction.Kind {
    fileprivate var begin: String {
        switch self {
        case .read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .write: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        }
    }
}

extension SQLRowLock {
    fileprivate var clause: String {
        switch self {
        case .shared(let table): " FOR SHARE OF \(table)"
        case .exclusive(let table): " FOR UPDATE OF \(table)"
        }
    }
}
#endif
