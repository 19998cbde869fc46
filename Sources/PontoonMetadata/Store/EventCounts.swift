package import PontoonCore
import Synchronization

/// The numbers of events that a store has recorded and deleted since it was opened.
package final class EventCounts: Sendable {
    /// The counts as of one moment.
    package struct Values: Hashable, Sendable {
        /// Number of recorded events, by type.
        ///
        /// Types without events are absent.
        package fileprivate(set) var recorded: [EventType: UInt64] = [:]
        /// Number of events that were deleted because of their age.
        package fileprivate(set) var deleted: UInt64 = 0
    }

    private let state = Mutex(Values())

    package var values: Values { state.withLock { $0 } }

    /// Adds the events of a committed transaction.
    func add(_ tally: EventTally) {
        let recorded = tally.recorded
        guard !recorded.isEmpty else { return }
        state.withLock { state in
            for (type, count) in recorded { state.recorded[type, default: 0] += count }
        }
    }

    func addDeleted(_ count: Int) { state.withLock { $0.deleted += UInt64(max(count, 0)) } }
}

/// The numbers of events that a transaction has recorded.
///
/// They are added to ``EventCounts`` after the commit.
final class EventTally: Sendable {
    private let counts = Mutex<[EventType: UInt64]>([:])

    var recorded: [EventType: UInt64] { counts.withLock { $0 } }

    /// Resets the counts, and returns a connection that counts the events of the next run of the transaction.
    ///
    /// Earlier runs have been rolled back.
    func restart(over connection: any SQLConnection) -> any SQLConnection {
        counts.withLock { $0 = [:] }
        return CountingConnection(connection: connection, tally: self)
    }

    fileprivate func add(_ events: [NewEvent]) {
        counts.withLock { counts in
            for event in events { counts[event.type, default: 0] += 1 }
        }
    }
}

/// A connection that provides access to the tally of its transaction.
private struct CountingConnection: SQLConnection {
    let connection: any SQLConnection
    let tally: EventTally

    var counterShard: Int { connection.counterShard }

    func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow] {
        try connection.query(statement, values: values, lock: lock)
    }

    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
        try connection.execute(statement, values: values)
    }

    func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws {
        try connection.enqueue(statement, values: values, lock: lock)
    }
}

extension SQLConnection {
    /// Adds recorded events to the tally of the transaction.
    func count(_ events: [NewEvent]) { (self as? CountingConnection)?.tally.add(events) }
}
