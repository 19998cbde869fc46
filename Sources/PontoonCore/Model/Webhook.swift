package import PontoonFoundation

/// A subscription to events.
///
/// The server sends the matching events to a URL, in order and at least once.
package struct Webhook: Hashable, Sendable {
    /// Whether events are sent.
    ///
    /// The raw value is the name of the state in the API.
    package enum State: String, CaseIterable, Sendable {
        case active
        /// No events are sent, because a user or operator disabled the webhook or the receiver responded with status
        /// 410.
        case disabled
    }

    /// 24 hex digits.
    package let id: String
    /// The project whose events are sent; `nil` for all events of the service.
    package let project: ProjectID?
    /// The user who created the webhook and whose permissions apply; `nil` if an operator's command created it.
    package let owner: String?
    package let createdOn: Date
    package var target: WebhookURL
    /// Types of the events to send; `nil` for all.
    package var types: Set<EventType>?
    package var secrets: WebhookSecrets
    package var state: State
    package var progress: WebhookProgress
    /// Whether the owner is enabled and may read the project; always true for a webhook without an owner.
    package let isUsable: Bool
    /// Number of deliveries that the receiver accepted, including repeated deliveries.
    package let delivered: Int64
    /// Number of deliveries that the server abandoned.
    package let dead: Int64
    /// Whether dead deliveries are queued to be sent again.
    package let hasRedeliveries: Bool

    package init(
        id: String,
        project: ProjectID?,
        owner: String?,
        createdOn: Date,
        target: WebhookURL,
        types: Set<EventType>?,
        secrets: WebhookSecrets,
        state: State = .active,
        progress: WebhookProgress,
        isUsable: Bool = true,
        delivered: Int64 = 0,
        dead: Int64 = 0,
        hasRedeliveries: Bool = false
    ) {
        self.id = id
        self.project = project
        self.owner = owner
        self.createdOn = createdOn
        self.target = target
        self.types = types
        self.secrets = secrets
        self.state = state
        self.progress = progress
        self.isUsable = isUsable
        self.delivered = delivered
        self.dead = dead
        self.hasRedeliveries = hasRedeliveries
    }

    /// The state in the API: ``state``, or `suspended` for an active webhook that is not usable; see ``isUsable``.
    package var stateName: String { state == .active && !isUsable ? "suspended" : state.rawValue }

    /// The filter that selects the events to send.
    package var filter: EventFilter {
        EventFilter(userName: owner, projects: project.map { [$0] }, types: types)
    }
}

/// The progress of the deliveries of a webhook.
package struct WebhookProgress: Hashable, Sendable {
    /// Position up to which all events were accepted or abandoned.
    package var cursor: EventCursor
    /// Number of failed attempts since the receiver last accepted an event.
    package var attempts = 0
    /// Time of the first failed attempt since then; `nil` if there is none.
    package var failingSince: Date?
    /// Time of the event whose delivery is being retried; `nil` if there is none.
    package var pendingSince: Date?
    /// Time from which the next event may be sent.
    package var nextAttemptOn: Date
    package var lastAttempt: WebhookAttempt?

    package init(cursor: EventCursor, nextAttemptOn: Date) {
        self.cursor = cursor
        self.nextAttemptOn = nextAttemptOn
    }
}

/// The result of an attempt to deliver an event.
package struct WebhookAttempt: Hashable, Sendable {
    package let time: Date
    /// HTTP status of the response; `nil` if there was none.
    package let status: Int?
    /// Reason why the attempt failed; `nil` if the receiver accepted the event.
    package let error: String?

    package init(time: Date, status: Int?, error: String?) {
        self.time = time
        self.status = status
        self.error = error
    }
}

/// A delivery that was abandoned.
package struct WebhookDelivery: Hashable, Sendable {
    /// Id of the event.
    package let event: String
    /// The position of the event.
    package let cursor: EventCursor
    /// The name of an ``EventType``, or of a type that a newer version of the server has added.
    package let type: String
    package let occurredOn: Date
    package let attempts: Int
    package let last: WebhookAttempt
    /// Whether the event is queued to be sent again.
    package let isQueued: Bool

    package init(
        event: String,
        cursor: EventCursor,
        type: String,
        occurredOn: Date,
        attempts: Int,
        last: WebhookAttempt,
        isQueued: Bool = false
    ) {
        self.event = event
        self.cursor = cursor
        self.type = type
        self.occurredOn = occurredOn
        self.attempts = attempts
        self.last = last
        self.isQueued = isQueued
    }

    /// Returns the delivery with one more failed attempt.
    package func failed(_ attempt: WebhookAttempt) -> WebhookDelivery {
        WebhookDelivery(
            event: event,
            cursor: cursor,
            type: type,
            occurredOn: occurredOn,
            attempts: attempts.addingClamped(1),
            last: attempt
        )
    }
}

/// The result of a turn: the changes to record for a webhook whose lease the server holds.
package struct WebhookTurn: Hashable, Sendable {
    package var progress: WebhookProgress
    package var state = Webhook.State.active
    /// Number of events that the receiver accepted.
    package var delivered = 0
    /// Number of failed attempts, including attempts to send dead deliveries again.
    package var failed = 0
    /// Deliveries that were abandoned.
    package var dead: [WebhookDelivery] = []
    /// Ids of the events of dead deliveries that were sent again and accepted.
    package var redelivered: [String] = []
    /// Dead deliveries that were sent again and failed again.
    package var refused: [WebhookDelivery] = []
    /// Whether events were deleted, or lost in a restore, before they could be delivered.
    package var hasMissedEvents = false

    package init(progress: WebhookProgress) { self.progress = progress }
}
