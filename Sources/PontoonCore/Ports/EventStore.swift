package import PontoonFoundation

/// Storage of the event log: the changes to files, uploads, projects, members and upload links, in order.
///
/// Every other method of a ``MetadataStore`` that makes such a change records its events in the same transaction,
/// unless ``recordsEvents`` is false. An event comes after the events of all changes that its transaction has read, and
/// never before an event that was already returned to a reader.
package protocol EventStore: Sendable {
    /// Whether changes are recorded.
    var recordsEvents: Bool { get }
    /// A signal that is raised after every transaction, so that readers need not wait until their next scheduled query.
    var eventSignal: EventSignal { get }
    /// Assigns positions to the events that were committed since the last call. Events without a position cannot be
    /// read.
    func publishEvents() async throws
    /// Returns published events that match a filter.
    ///
    /// Reads a limited section of the log, so it may return fewer than `limit` events even if more match.
    /// - Parameters:
    ///   - filter: The events to return.
    ///   - cursor: The position after which to start; `nil` starts with the oldest event.
    ///   - limit: Maximum number of events.
    /// - Returns: The events, and the position up to which the log was read.
    /// - Throws: `.eventsExpired` if events after the position have been deleted, or the position belongs to another
    ///   log.
    func events(_ filter: EventFilter, after cursor: EventCursor?, limit: Int) async throws -> EventPage
    /// Returns the position of the last published event; 0 if there has never been one.
    func lastEvent() async throws -> EventCursor
    /// Deletes events that occurred before a time: the oldest ones, at most `limit`.
    /// - Returns: The number of deleted events.
    func pruneEvents(before time: Date, limit: Int) async throws -> Int
    /// Returns the position up to which the hook command has run; `nil` if none is recorded yet.
    func hookCursor() async throws -> EventCursor?
    /// Replaces the position up to which the hook command has run, if it is still `old`.
    /// - Returns: `false`, with nothing changed, if another server has moved it.
    func moveHookCursor(from old: EventCursor?, to new: EventCursor) async throws -> Bool
}
