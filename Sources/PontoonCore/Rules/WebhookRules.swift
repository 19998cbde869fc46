package import PontoonFoundation

/// Limits on webhooks, and the rules for retries.
///
/// Source: docs/events.md#webhooks.
package enum WebhookRules {
    package static let maximumPerProject = 20
    package static let maximumPerUser = 100
    /// Maximum number of webhooks of a service, including the operators' webhooks.
    package static let maximumTotal = 1000
    /// Maximum number of dead deliveries that are kept for each webhook; older dead deliveries are deleted.
    package static let keptDeliveries = 100
    /// Time in seconds for which the receiver must have accepted nothing, and which must have passed since an event,
    /// before the delivery of this event is dead; see ``WebhookTurn/note(_:of:now:jitter:)``.
    package static let lifetime: TimeInterval = 3 * 86_400
    /// Pauses after failed attempts: one second at first, at most an hour; multiplied by ``jitter``.
    package static let backoff = Backoff(first: .seconds(1), longest: .seconds(3600))
    /// Range of the random factor by which each pause is multiplied.
    ///
    /// The factor prevents many webhooks with one receiver from sending at the same time.
    package static let jitter = 0.5...1.0
}

/// The response of a receiver, or the reason why there is none.
package enum WebhookOutcome: Hashable, Sendable {
    /// A status from 200 to 299.
    case accepted(status: Int)
    /// A failure that may be temporary.
    ///
    /// `status` is `nil` if there is no response. `pause` is the minimum time until the next attempt, at most an hour;
    /// `nil` if the receiver did not request a pause.
    case failed(status: Int?, reason: String, pause: Duration? = nil)
    /// The receiver responded with status 410, because it wants no more events.
    case gone

    /// Creates the outcome of a response.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - retryAfter: The `Retry-After` header, in seconds or as a date. It is used only for the statuses 429 and 503.
    ///   - now: The current time.
    package init(status: Int, retryAfter: String?, now: Date) {
        switch status {
        case 200...299: self = .accepted(status: status)
        case 410: self = .gone
        case 300...399:
            self = .failed(status: status, reason: "the receiver responded with a redirect, which is not followed")
        case 429, 503:
            let pause = retryAfter.flatMap { Self.pause($0, now: now) }
            self = .failed(status: status, reason: "the receiver responded with status \(status)", pause: pause)
        default: self = .failed(status: status, reason: "the receiver responded with status \(status)")
        }
    }

    private static func pause(_ text: String, now: Date) -> Duration? {
        let longest = WebhookRules.backoff.longest
        if let date = HTTPDate.parse(text) {
            let seconds = date.timeIntervalSince(now)
            return seconds > 0 ? min(.seconds(min(seconds, 86_400)), longest) : nil
        }
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int64(text)
        else { return nil }
        return min(.seconds(min(seconds, 86_400)), longest)
    }

    /// Returns the record of an attempt with this outcome.
    package func attempt(at time: Date) -> WebhookAttempt {
        switch self {
        case .accepted(let status): WebhookAttempt(time: time, status: status, error: nil)
        case .failed(let status, let reason, _): WebhookAttempt(time: time, status: status, error: reason)
        case .gone:
            WebhookAttempt(
                time: time,
                status: 410,
                error: "the receiver responded with status 410, which disables the webhook"
            )
        }
    }
}

extension WebhookTurn {
    /// Whether a turn continues after an attempt.
    package enum Next: Hashable, Sendable {
        /// The next event can be sent.
        case proceed
        /// Nothing can be sent until ``WebhookProgress/nextAttemptOn`` or, after status 410, until the webhook is
        /// enabled.
        case stop
    }

    /// Records the outcome of an attempt to deliver an event.
    ///
    /// A delivery is dead once its event is three days old and the receiver has accepted nothing for three days. A
    /// single event that the receiver does not accept therefore delays later events by about three days at most, and a
    /// receiver that returns after a longer outage gets the events of the last three days.
    ///
    /// - Parameters:
    ///   - outcome: The outcome.
    ///   - event: The first event after the cursor.
    ///   - now: Time of the attempt.
    ///   - jitter: Factor by which the pause after a failure is multiplied.
    /// - Returns: Whether the turn continues.
    package mutating func note(
        _ outcome: WebhookOutcome,
        of event: Event,
        now: Date,
        jitter: Double
    ) -> Next {
        let attempt = outcome.attempt(at: now)
        progress.lastAttempt = attempt
        switch outcome {
        case .accepted:
            delivered += 1
            progress.cursor = event.cursor
            progress.attempts = 0
            progress.failingSince = nil
            progress.pendingSince = nil
            progress.nextAttemptOn = now
            return .proceed
        case .gone:
            failed += 1
            state = .disabled
            return .stop
        case .failed(_, _, let pause):
            failed += 1
            progress.attempts = progress.attempts.addingClamped(1)
            let start = progress.failingSince ?? now
            progress.failingSince = start
            let limit = now.addingTimeInterval(-WebhookRules.lifetime)
            if start <= limit, event.occurredOn <= limit {
                dead.append(
                    WebhookDelivery(
                        event: event.id,
                        cursor: event.cursor,
                        type: event.type,
                        occurredOn: event.occurredOn,
                        attempts: progress.attempts,
                        last: attempt
                    )
                )
                progress.cursor = event.cursor
                progress.pendingSince = nil
                progress.nextAttemptOn = now
                return .proceed
            }
            progress.pendingSince = event.occurredOn
            let wait = max(pause ?? .zero, WebhookRules.backoff.pause(after: progress.attempts, jitter: jitter))
            progress.nextAttemptOn = now.addingTimeInterval(wait.inSeconds)
            return .stop
        }
    }
}
