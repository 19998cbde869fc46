package import PontoonFoundation

/// The type of an event; the raw value is its name in the API, without the prefix ``prefix``.
///
/// Source: docs/events.md#types.
package enum EventType: String, CaseIterable, Sendable {
    case uploadCompleted = "upload.completed"
    case uploadAborted = "upload.aborted"
    case uploadExpired = "upload.expired"
    case fileCreated = "file.created"
    case fileChanged = "file.changed"
    case fileMoved = "file.moved"
    case fileDeleted = "file.deleted"
    case fileDamaged = "file.damaged"
    case folderCreated = "folder.created"
    case folderChanged = "folder.changed"
    case folderMoved = "folder.moved"
    case folderDeleted = "folder.deleted"
    case projectCreated = "project.created"
    case projectChanged = "project.changed"
    case projectDeleted = "project.deleted"
    case memberAdded = "member.added"
    case memberChanged = "member.changed"
    case memberRemoved = "member.removed"
    case linkUsed = "upload_link.used"

    /// The prefix of every type in the attribute `type` of CloudEvents.
    package static let prefix = "org.pontoon."
}

/// A change to be recorded in the event log.
package struct NewEvent: Hashable, Sendable {
    package let type: EventType
    /// The project whose members may read the event if they have the permission `read`; `nil` for an upload of a code
    /// package.
    package let project: ProjectID?
    /// Path, relative to `/v2`, of the object that has changed.
    package let subject: String
    /// A user who may read the event without being a member of the project, such as a member who was removed.
    package let reader: String?
    /// The details, whose fields depend on the type; at most a few KiB.
    package let data: [String: JSONValue]

    package init(
        _ type: EventType,
        project: ProjectID?,
        subject: String,
        reader: String? = nil,
        data: [String: JSONValue]
    ) {
        self.type = type
        self.project = project
        self.subject = subject
        self.reader = reader
        self.data = data
    }

    /// The same event without ``reader``, so that only members of the project may read it.
    package var withoutReader: NewEvent { NewEvent(type, project: project, subject: subject, data: data) }
}

/// A recorded change.
package struct Event: Hashable, Sendable {
    /// Unique among all events of all servers.
    package let id: String
    /// The position directly after the event.
    package let cursor: EventCursor
    /// The name of an ``EventType``, or of a type that a newer version of the server has added.
    package let type: String
    package let occurredOn: Date
    package let project: ProjectID?
    package let subject: String
    /// The user who made the change; `nil` if a sender, the server or an operator did.
    package let actor: String?
    /// The details, as the text of a JSON object.
    package let data: String

    package init(
        id: String,
        cursor: EventCursor,
        type: String,
        occurredOn: Date,
        project: ProjectID?,
        subject: String,
        actor: String?,
        data: String
    ) {
        self.id = id
        self.cursor = cursor
        self.type = type
        self.occurredOn = occurredOn
        self.project = project
        self.subject = subject
        self.actor = actor
        self.data = data
    }
}

/// A position in the event log: all events up to it have been read.
package struct EventCursor: Hashable, Sendable {
    /// Id of the log.
    ///
    /// It changes when a backup is restored, because the same positions then refer to other events.
    package let log: String
    /// Number of the last event that was read; 0 before the first event.
    package let position: Int64

    package init(log: String, position: Int64) {
        self.log = log
        self.position = position
    }

    /// Parses a cursor received from a client; `nil` if the text is not a cursor.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...32).contains(parts[0].utf8.count), (1...18).contains(parts[1].utf8.count),
            parts[0].utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let position = Int64(parts[1])
        else { return nil }
        self.init(log: String(parts[0]), position: position)
    }

    package var text: String { "\(log).\(position)" }
}

/// The events that a caller requests and may read.
package struct EventFilter: Hashable, Sendable {
    /// Name of the user, who may read the events of readable projects and events whose ``NewEvent/reader`` is this
    /// user; `nil` for the server itself, which may read all events.
    package let userName: String?
    /// Only events of these projects; `nil` for all.
    package var projects: Set<ProjectID>?
    /// Only events of these types; `nil` for all.
    package var types: Set<EventType>?

    package init(userName: String?, projects: Set<ProjectID>? = nil, types: Set<EventType>? = nil) {
        self.userName = userName
        self.projects = projects
        self.types = types
    }
}

/// Consecutive events of the log that match a filter.
package struct EventPage: Hashable, Sendable {
    /// The matching events, in the order of the log.
    package let events: [Event]
    /// The position up to which the log was read.
    package let next: EventCursor
    /// Whether the log has more events after ``next``, matching or not.
    package let hasMore: Bool

    package init(events: [Event], next: EventCursor, hasMore: Bool) {
        self.events = events
        self.next = next
        self.hasMore = hasMore
    }
}

/// The user who makes the changes of the current task.
package enum EventActor {
    /// The name of the user; `nil` if a sender, the server or an operator makes the changes.
    @TaskLocal package static var current: String?
}
