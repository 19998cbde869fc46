import Foundation
import PontoonCore

/// The recorder of the events of one transaction, created before it begins.
struct EventRecorder: Sendable {
    let isOn: Bool
    /// The user who makes the changes, unless ``record(_:by:on:)`` is told another one.
    let actor: String?
    let now: Date

    /// Records events; must be the last statement of a transaction, or at least follow all locks and queries on which the
    /// changes depend, because the ids of events determine their order.
    ///
    /// - Parameters:
    ///   - events: The events, in order.
    ///   - actor: The user who makes the changes; by default, the user of the current task.
    ///   - connection: The connection.
    /// - Throws: ``SQLError``. A later statement or the commit may throw it instead.
    func record(_ events: [NewEvent], by actor: String?, on connection: any SQLConnection) throws {
        guard isOn, !events.isEmpty else { return }
        let rows = try events.map { event -> [SQLValue] in
            let values: [(any SQLConvertible)?] = [
                now, event.type.rawValue, event.project, event.subject, actor, event.reader, try event.storedData,
            ]
            return values.map { $0?.sqlValue ?? .null }
        }
        // Constant statements stay prepared; most transactions record one or two events.
        if rows.count <= insertEvents.count {
            try connection.enqueue(insertEvents[rows.count - 1], values: rows.flatMap(\.self), lock: nil)
        } else {
            try connection.insert(into: eventColumns, rows: rows)
        }
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

private let eventColumns = "events (occurred_on, type, project_id, subject, actor, reader, data)"
/// The statements for one, two and three events.
private let insertEvents = (1...3).map { count in
    let rows = (0..<count).map { row in "(" + (1...7).map { "$\(row * 7 + $0)" }.joined(separator: ", ") + ")" }
    return SQLStatement(constant: "INSERT INTO \(eventColumns) VALUES \(rows.joined(separator: ", "))")
}
