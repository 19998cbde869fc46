import Foundation
import PontoonCore

/// A recorder of the events of one transaction.
///
/// The recorder is created before the transaction begins.
struct EventRecorder: Sendable {
    let isOn: Bool
    /// The user who makes the changes, unless another user is passed to ``record(_:by:on:)``; `nil` if there is none.
    let actor: String?
    let now: Date

    /// Records events, unless the store is configured to record none.
    ///
    /// Must be the last statement of a transaction, or at least follow all locks and queries on which the changes
    /// depend, because the ids of events determine the order of the changes.
    ///
    /// - Parameters:
    ///   - events: The events, in order.
    ///   - actor: The user who makes the changes; `nil` if there is none.
    ///   - connection: The connection.
    /// - Throws: ``SQLError``, which a later statement or the commit may throw instead.
    func record(_ events: [NewEvent], by actor: String?, on connection: any SQLConnection) throws {
        guard isOn, !events.isEmpty else { return }
        let rows = try events.map { event -> [SQLValue] in
            let values: [(any SQLConvertible)?] = [
                now, event.type.rawValue, event.project, event.subject, actor, event.reader, try event.storedData,
            ]
            return values.map { $0?.sqlValue ?? .null }
        }
        var rest = rows[...]
        while let (count, statement) = insertEvents.first(where: { $0.count <= rest.count }) {
            try connection.enqueue(statement, values: rest.prefix(count).flatMap(\.self), lock: nil)
            rest = rest.dropFirst(count)
        }
        connection.count(events)
    }

    func record(_ events: [NewEvent], on connection: any SQLConnection) throws {
        try record(events, by: actor, on: connection)
    }
}

extension SQLMetadataStore {
    /// A recorder for one transaction of the current task.
    var recorder: EventRecorder { EventRecorder(isOn: recordsEvents, actor: EventActor.current, now: now) }
}

extension NewEvent {
    fileprivate var storedData: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(data), as: UTF8.self)
        }
    }
}

extension SQLRow {
    /// Creates the event of an upload that was deleted, from a row with ``endedColumns``.
    func endedUpload(_ type: EventType) throws -> NewEvent {
        NewEvent.upload(
            type,
            try text("id"),
            name: try text("name"),
            by: try text("user_name"),
            to: try optionalText("project_id").flatMap { ProjectID($0) },
            ["link": try optionalText("link_id").map { .string($0) }]
        )
    }
}

/// The columns that ``SQLRow/endedUpload(_:)`` and ``SQLRow/releasedUpload()`` need, for `RETURNING`.
let endedColumns = "id, name, user_name, link_id, \(releasedColumns)"
private let eventColumns = "events (occurred_on, type, project_id, subject, actor, reader, data, project_created_on)"
/// The statements that insert several events at once, the largest first.
///
/// Their texts are constant, so drivers keep them prepared. Small numbers have their own statements, because most
/// transactions record one or two events, and SQLite takes longer to bind each value of a statement with more values.
private let insertEvents: [(count: Int, statement: SQLStatement)] = [32, 3, 2, 1].map { count in
    let rows = (0..<count).map { row in
        let values = (1...7).map { "$\(7 * row + $0)" }.joined(separator: ", ")
        return "(\(values), (SELECT created_on FROM projects WHERE id = $\(7 * row + 3)))"
    }
    return (count, SQLStatement(constant: "INSERT INTO \(eventColumns) VALUES \(rows.joined(separator: ", "))"))
}
