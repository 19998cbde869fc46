package import PontoonFoundation

/// Storage of the event log: the changes of files, uploads, projects, members and upload links, in order.
///
/// Every other method of a ``MetadataStore`` that makes such a change records its events in the same transaction,
/// unless ``recordsEvents`` is false. An event is ordered after those of the changes that its transaction has seen, and
/// never before an event that a reader has already been given.
package protocol EventStore: Sendable {
    /// Whether changes are recorded.
    var recordsEvents: Bool { get }
    /// Raised after every transaction, so that readers need not wait for their next query.
    var eventSignal: EventSignal { get }
    /// Assigns positions to the events that have been committed since the last call; only then can they be read.
    func publishEvents() async throws
    /// Returns published events that match a filter.
    ///
    /// Reads a limited number of events of the log, so it may return fewer than `limit` even if more of them match.
    /// - Parameters:
    ///   - filter: The events to return.
    ///   - cursor: The position after which to start; `nil` starts with the oldest event.
    ///   - limit: Maximum number of events.
    /// - Returns: The events, and the position up to which the log was read.
    /// - Throws: `.eventsExpired` if events after the position have been deleted, or it is not one of this log.
    func events(_ filter: EventFilter, after cursor: EventCursor?, limit: Int) async throws -> EventPage
    /// Returns the position of the last published event; 0 if there has never been one.
    func lastEvent() async throws -> EventCursor
    /// Deletes the oldest events that occurred before a time, at most `limit`.
    /// - Returns: The number of deleted events.
    func pruneEvents(before time: Date, limit: Int) async throws -> Int
    /// Returns the position up to which the hook command has run; `nil` if none is recorded yet.
    func hookCursor() async throws -> EventCursor?
    /// Moves the position up to which the hook command has run, if it is `old`.
    /// - Returns: `false`, with nothing changed, if another server has moved it.
    func moveHookCursor(from old: EventCursor?, to new: EventCursor) async throws -> Bool
}
