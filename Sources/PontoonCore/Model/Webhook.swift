package import PontoonFoundation

/// A subscription to events.
///
/// The server sends the matching events to a URL in order, each at least once, unless their delivery is abandoned.
package struct Webhook: Hashable, Sendable {
    /// Whether the webhook is enabled.
    ///
    /// The raw value is the name of the state in the API.
    package enum State: String, CaseIterable, Sendable {
        case active
        /// No events are sent: a user or operator has disabled the webhook, the receiver has responded with status 410,
        /// or a backup was restored.
        case disabled
    }

    /// 24 hex digits.
    package let id: String
    /// The project whose events are sent; `nil` for all events of the service.
    package let project: ProjectID?
    /// The user who created the webhook and whose permissions apply; `nil` if an operator created it for all events of
    /// the service.
    package let owner: String?
    package let createdOn: Date
    package var target: WebhookURL
    /// Types of the events to send; `nil` for all types.
    package var types: Set<EventType>?
    package var secrets: WebhookSecrets
    package var state: State
    package var progress: WebhookProgress
    /// Whether the owner is enabled and may read the project; always true for a webhook without an owner.
    package let isUsable: Bool
    /// Number of requests that the receiver accepted; an event that was sent again counts again.
    package let delivered: Int64
    /// Number of events whose delivery was abandoned, including those that were accepted when they were sent again.
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
    /// Position in the event log up to which all matching events were accepted, abandoned or missed.
    package var cursor: EventCursor
    /// Number of failed attempts since the receiver last accepted an event.
    ///
    /// Also reset to 0 when the webhook is changed, or events were missed.
    package var attempts = 0
    /// Time of the first failed attempt since the receiver last accepted an event; `nil` if ``attempts`` is 0.
    package var failingSince: Date?
    /// Time of the event whose delivery is being retried; `nil` if no event is.
    package var pendingSince: Date?
    /// Time from which the next event may be sent; has no effect on dead deliveries.
    package var nextAttemptOn: Date
    /// The most recent attempt to deliver an event or a dead delivery; `nil` if there has been none.
    ///
    /// Also set, without a status, when events were missed or a restore has disabled the webhook.
    package var lastAttempt: WebhookAttempt?

    package init(cursor: EventCursor, nextAttemptOn: Date) {
        self.cursor = cursor
        self.nextAttemptOn = nextAttemptOn
    }
}

/// The result of an attempt to deliver an event.
package struct WebhookAttempt: Hashable, Sendable {
    package let time: Date
    /// HTTP status of the response; `nil` if there was no response.
    package let status: Int?
    /// Reason why the attempt failed; `nil` if the receiver accepted the event.
    package let error: String?

    package init(time: Date, status: Int?, error: String?) {
        self.time = time
        self.status = status
        self.error = error
    }
}

/// A dead delivery: an event whose delivery was abandoned.
package struct WebhookDelivery: Hashable, Sendable {
    /// Id of the event.
    package let event: String
    /// The position directly after the event.
    package let cursor: EventCursor
    /// The name of an ``EventType``, or of a type that a newer version of the server has added.
    package let type: String
    package let occurredOn: Date
    /// The number of failed attempts since the receiver last accepted an event, plus failed attempts to send this event
    /// again.
    package let attempts: Int
    /// The most recent failed attempt.
    package let last: WebhookAttempt
    /// Whether a user has requested that the event be sent again, and this has not been attempted yet.
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

    /// Returns the delivery after another failed attempt, no longer queued.
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

/// The result of a turn: the changes to record for a webhook that the server has leased.
package struct WebhookTurn: Hashable, Sendable {
    package var progress: WebhookProgress
    package var state = Webhook.State.active
    /// Number of requests that the receiver accepted, including dead deliveries that were sent again.
    package var delivered = 0
    /// Number of requests that failed, including dead deliveries that were sent again.
    package var failed = 0
    /// Deliveries that were abandoned in this turn.
    package var dead: [WebhookDelivery] = []
    /// Ids of the events of dead deliveries that were sent again and accepted; these deliveries are deleted.
    package var redelivered: [String] = []
    /// Dead deliveries that were sent again and failed, or whose events can no longer be read.
    package var refused: [WebhookDelivery] = []
    /// Whether events were deleted, or lost in a restore, before they could be delivered.
    package var hasMissedEvents = false

    package init(progress: WebhookProgress) { self.progress = progress }
}
