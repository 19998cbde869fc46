package import PontoonFoundation

/// Storage of the event log: the changes listed in ``EventType``, in order.
///
/// A method of ``MetadataStore`` that makes such a change records the event in the same transaction, unless
/// ``recordsEvents`` is false. The deletion of a project records no events for its files and uploads.
///
/// An event comes after the events of all changes that its transaction has read, and never before an event that was
/// already returned to a reader.
package protocol EventStore: Sendable {
    /// Whether changes are recorded.
    var recordsEvents: Bool { get }
    /// A signal that is raised after every transaction of this process that may have recorded events, so that readers
    /// need not wait until their next scheduled query.
    var eventSignal: EventSignal { get }
    /// Assigns positions to all committed events that have none, including those of other servers. Events without a
    /// position cannot be read.
    func publishEvents() async throws
    /// Returns published events that match a filter.
    ///
    /// Reads a limited section of the log, so it may return fewer than `limit` events even if more match.
    ///
    /// - Parameters:
    ///   - filter: The events to return.
    ///   - cursor: The position after which to start; `nil` starts with the oldest event.
    ///   - limit: Maximum number of events.
    /// - Returns: The events in order, and the position up to which the log was searched.
    /// - Throws: `.eventsExpired` if events after the position have been deleted, or the position does not exist in
    ///   this log, for example after a restore.
    func events(_ filter: EventFilter, after cursor: EventCursor?, limit: Int) async throws -> EventPage
    /// Returns the position of the last published event; 0 if there has never been one.
    func lastEvent() async throws -> EventCursor
    /// Deletes old events: all events up to the last one before `time` among the first `limit` events of the log. A
    /// later time among them comes from a wrong clock and does not preserve an event. If all of the first `limit`
    /// events are in the future, examines the next ones instead.
    ///
    /// - Returns: The number of deleted events.
    func pruneEvents(before time: Date, limit: Int) async throws -> Int
    /// Returns the position up to which the hook command has run; `nil` if none is recorded yet.
    func hookCursor() async throws -> EventCursor?
    /// Replaces the position up to which the hook command has run, if the recorded position is `old`; `nil` means that
    /// none is recorded.
    ///
    /// - Returns: `false`, with nothing changed, if another position is recorded, because another server has moved it.
    func moveHookCursor(from old: EventCursor?, to new: EventCursor) async throws -> Bool
}
