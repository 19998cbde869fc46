package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func publishEvents() async throws {
        guard driver.dialect == .postgreSQL else { return }
        while try await read({ try !$0.query(selectAnyUnpublished).isEmpty }) {
            let count = try await driver.write { connection in
                // After this lock, the statements see the positions that other servers have assigned. If they see an
                // event of a transaction, they see all of its events, and the events of all transactions that it saw,
                // which have lower ids.
                try connection.lockEventLog()
                let last = try connection.eventLog(.postgreSQL).last
                return try connection.execute(publish, [last, Self.batchOfEvents])
            }
            if count < Self.batchOfEvents { return }
        }
    }

    package func lastEvent() async throws -> EventCursor {
        let dialect = driver.dialect
        return try await read { connection in
            let log = try connection.eventLog(dialect)
            return EventCursor(log: log.id, position: log.last)
        }
    }

    package func events(_ filter: EventFilter, after cursor: EventCursor?, limit: Int) async throws -> EventPage {
        let dialect = driver.dialect
        return try await read { try $0.events(filter, after: cursor, limit: limit, dialect) }
    }

    package func pruneEvents(before time: Date, limit: Int) async throws -> Int {
        let (dialect, now) = (driver.dialect, now)
        // Usually, events without a position are too recent to be deleted. After a failure, they may be older.
        try await publishEvents()
        let deleted: Int = try await write(changing: .none) { connection in
            try connection.lockEventLog()
            guard let end = try connection.lastExpired(before: time, now: now, limit: limit, dialect) else { return 0 }
            let count = try connection.execute(deleteEvents(dialect), [end])
            try connection.execute(deleteProperty, [StoreMetadataKey.prunedEvents.rawValue])
            try connection.execute(insertProperty, [StoreMetadataKey.prunedEvents.rawValue, String(end)])
            return count
        }
        eventCounts.addDeleted(deleted)
        return deleted
    }

    /// Sets the id of the next event to one more than the highest existing id.
    ///
    /// Must be called after events were copied, with their ids, from another database.
    func continueEventIDs() async throws {
        // SQLite does this when a row with an id is inserted.
        guard driver.dialect == .postgreSQL else { return }
        try await write(changing: .none) { _ = try $0.query(setNextID) }
    }

    /// Creates the id of the event log if it does not exist.
    func createEventLog() async throws {
        guard try await metadataValue(for: .eventLog) == nil else { return }
        _ = try await setIfAbsent(Identifiers.hex(bytes: 8), for: .eventLog)
    }

    /// Maximum number of positions that one query searches.
    fileprivate static let window: Int64 = 2000
    fileprivate static let maximumWindows = 25
    private static let batchOfEvents = 1000
}

/// The state of the event log.
private struct EventLogState {
    let id: String
    /// Position of the last event that was deleted because of its age.
    let pruned: Int64
    /// Position of the last published event.
    let last: Int64
}

extension SQLConnection {
    /// Acquires the lock that serializes the transactions that assign positions or delete events.
    fileprivate func lockEventLog() throws {
        try enqueue(selectLog, [StoreMetadataKey.eventLog.rawValue], lock: .forUpdate("properties"))
    }

    /// Returns the position up to which events can be deleted.
    ///
    /// This is the position of the last expired event in the first batch of the log, not counting batches whose events
    /// are all later than `now`. Earlier events count as expired regardless of their time, because the clock may have
    /// been wrong when they were recorded.
    ///
    /// - Parameters:
    ///   - time: Events from before this time have expired.
    ///   - now: The current time.
    ///   - limit: Number of events in a batch.
    ///   - dialect: The SQL dialect.
    /// - Returns: The position; `nil` if no event of this batch has expired.
    /// - Throws: The errors of the database.
    fileprivate func lastExpired(
        before time: Date,
        now: Date,
        limit: Int,
        _ dialect: SQLDialect
    ) throws -> Int64? {
        var start: Int64 = 0
        for _ in 0..<SQLMetadataStore.maximumWindows {
            let batch = try query(selectOldest(dialect), [start, limit])
            if let expired = try batch.last(where: { try $0.date("occurred_on") < time }) {
                return try expired.integer("position")
            }
            guard let last = try batch.last?.integer("position"),
                try batch.allSatisfy({ try $0.date("occurred_on") > now })
            else { return nil }
            start = last
        }
        return nil
    }

    /// Returns published events; see ``EventStore/events(_:after:limit:)``.
    func events(
        _ filter: EventFilter,
        after cursor: EventCursor?,
        limit: Int,
        _ dialect: SQLDialect
    ) throws -> EventPage {
        let log = try eventLog(dialect)
        let start = cursor?.position ?? log.pruned
        guard cursor.map({ $0.log == log.id }) ?? true, log.pruned <= start, start <= log.last else {
            throw PontoonError.eventsExpired
        }
        var (position, events) = (start, [Event]())
        // Each query is limited to a window of the log, because few of the events may match.
        for _ in 0..<SQLMetadataStore.maximumWindows where position < log.last && events.isEmpty {
            let end = min(position.addingClamped(SQLMetadataStore.window), log.last)
            events = try query(selectEvents(filter, position, end, limit, dialect)).map { try $0.event(of: log.id) }
            position = events.count == limit ? events.last?.cursor.position ?? end : end
        }
        let next = EventCursor(log: log.id, position: position)
        return EventPage(events: events, next: next, hasMore: position < log.last)
    }

    fileprivate func eventLog(_ dialect: SQLDialect) throws -> EventLogState {
        let names = [StoreMetadataKey.eventLog, .prunedEvents].map(\.rawValue)
        let rows = try query(selectProperties, names)
        let values = Dictionary(
            try rows.map { (try $0.text("name"), try $0.text("value")) },
            uniquingKeysWith: { first, _ in first }
        )
        let pruned = values[names[1]].flatMap { Int64($0) } ?? 0
        let last = try query(selectLast(dialect)).first?.optionalInteger("position") ?? 0
        return EventLogState(id: values[names[0]] ?? "", pruned: pruned, last: max(pruned, last))
    }
}

extension SQLRow {
    fileprivate func event(of log: String) throws -> Event {
        Event(
            id: "\(log)-\(try integer("id"))",
            cursor: EventCursor(log: log, position: try integer("position")),
            type: try text("type"),
            occurredOn: try date("occurred_on"),
            project: try optionalText("project_id").flatMap { ProjectID($0) },
            subject: try text("subject"),
            actor: try optionalText("actor"),
            data: try text("data")
        )
    }
}

extension SQLDialect {
    /// The column that contains the position of an event.
    fileprivate var position: String {
        switch self {
        case .sqlite: "id"
        case .postgreSQL: "position"
        }
    }
}

/// Returns the query for the events in a window of the log.
private func selectEvents(
    _ filter: EventFilter,
    _ start: Int64,
    _ end: Int64,
    _ limit: Int,
    _ dialect: SQLDialect
) -> SQLBuilder {
    var select = SQLBuilder(
        """
        SELECT id, \(dialect.position) AS position, occurred_on, type, project_id, subject, actor, data FROM events
        WHERE \(dialect.position) >
        """
    )
    select.append(" ")
    select.append(value: start)
    select.append(" AND \(dialect.position) <= ")
    select.append(value: end)
    if let projects = filter.projects {
        select.append(" AND ")
        select.append("project_id", in: projects.map(\.description).sorted())
    }
    if let types = filter.types {
        select.append(" AND ")
        select.append("type", in: types.map(\.rawValue).sorted())
    }
    if let user = filter.userName { select.append(readableBy: user) }
    select.append(" ORDER BY \(dialect.position) LIMIT ")
    select.append(value: limit)
    return select
}

extension SQLBuilder {
    /// Appends the condition that a user may read an event.
    fileprivate mutating func append(readableBy user: String) {
        append(" AND (reader = ")
        append(value: user)
        append(
            """
             OR EXISTS (
                SELECT 1 FROM members WHERE members.project_id = events.project_id
                    AND members.project_created_on = events.project_created_on
                    AND members.can_read = 1 AND members.user_name =
            """
        )
        append(" ")
        append(value: user)
        append("))")
    }

    /// Appends the condition that a column has one of the given values.
    ///
    /// Without values, the condition is false.
    fileprivate mutating func append(_ column: String, in values: [String]) {
        guard !values.isEmpty else { return append("1 = 0") }
        append("\(column) IN ")
        append(list: values)
    }
}

private func selectLast(_ dialect: SQLDialect) -> SQLStatement {
    SQLStatement(constant: "SELECT MAX(\(dialect.position)) AS position FROM events")
}

private func selectOldest(_ dialect: SQLDialect) -> SQLStatement {
    SQLStatement(
        constant: """
            SELECT \(dialect.position) AS position, occurred_on FROM events WHERE \(dialect.position) > $1
            ORDER BY \(dialect.position) LIMIT $2
            """
    )
}

private func deleteEvents(_ dialect: SQLDialect) -> SQLStatement {
    SQLStatement(constant: "DELETE FROM events WHERE \(dialect.position) <= $1")
}

private let setNextID: SQLStatement = """
    SELECT setval(pg_get_serial_sequence('events', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM events), false)
    """
private let selectProperties: SQLStatement = "SELECT name, value FROM properties WHERE name IN ($1, $2)"
private let selectLog: SQLStatement = "SELECT value FROM properties WHERE name = $1"
private let selectAnyUnpublished: SQLStatement = "SELECT id FROM events WHERE position IS NULL LIMIT 1"
private let publish: SQLStatement = """
    UPDATE events SET position = $1 + numbered.place
    FROM (
        SELECT unpublished.id AS id, ROW_NUMBER() OVER (ORDER BY unpublished.id) AS place
        FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT $2) AS unpublished
    ) AS numbered
    WHERE events.id = numbered.id
    """
