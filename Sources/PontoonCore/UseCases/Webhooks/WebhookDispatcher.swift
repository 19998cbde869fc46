package import PontoonFoundation
import Synchronization

/// The service that sends events to the receivers of all webhooks.
///
/// Several servers may each run a dispatcher. A webhook is served by the server that holds its lease, in turns of about
/// a second. A turn lasts longer only if a single request does, so a slow receiver delays other webhooks only if slow
/// receivers use all turns that may run concurrently, in total or for the same user.
package final class WebhookDispatcher: Sendable {
    /// A result to log and count.
    package enum Report: Sendable {
        case turnEnded(webhook: String, WebhookTurn)
        /// The store became unavailable during a turn. If the end of the turn could not be recorded, the turn contains
        /// only its progress and its numbers of attempts.
        case turnFailed(webhook: String, WebhookTurn, any Error)
        /// The store is unavailable.
        case failed(any Error)
    }

    /// A range of the event log that contains no events for a webhook.
    struct Scan: Sendable {
        let start: EventCursor
        let types: Set<EventType>?
        var end: EventCursor
        let began: Date
    }

    /// An error of the store that occurred after a webhook was leased.
    struct TurnFailure: Error {
        let turn: WebhookTurn
        let cause: any Error
    }

    private struct State {
        /// The owners of the webhooks that are being served, by webhook id.
        ///
        /// The owner is empty for webhooks of the service.
        var running: [String: String] = [:]
        var scans: [String: Scan] = [:]
    }

    private struct Plan {
        let deadline: ContinuousClock.Instant
        /// The position after which new events end the wait; `nil` to ignore new events.
        let position: Int64?
    }

    let metadata: any MetadataStore
    let sender: any WebhookSender
    let encode: @Sendable (Event) -> [UInt8]
    let leaseDuration: Duration
    let now: @Sendable () -> Date
    private let feed: EventFeed
    private let alarm: Alarm
    private let report: @Sendable (Report) -> Void
    private let state = Mutex(State())

    /// Maximum number of webhooks that are served concurrently.
    private static let maximumTurns = 64
    /// Maximum number of webhooks of one user that are served concurrently.
    private static let maximumTurnsPerUser = 8
    /// Maximum time until a change made by another server or a command takes effect.
    private static let interval = Duration.seconds(10)
    /// Pause after the store was unavailable.
    private static let retryInterval = Duration.seconds(1)
    /// Time in seconds after which the end of a scan is stored, so that the scan is not repeated after a restart.
    static let scanLifetime: TimeInterval = 60

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - feed: Notifies the dispatcher of new events.
    ///   - alarm: Wakes the dispatcher after a change to a webhook.
    ///   - sender: Sends the requests.
    ///   - encode: Returns the body of the request for an event.
    ///   - leaseDuration: Duration of a webhook's lease. For `nil` or less than one minute, one minute is used, which
    ///     is longer than a turn can last.
    ///   - now: Returns the current time.
    ///   - report: Called with the results to log and count.
    package init(
        metadata: any MetadataStore,
        feed: EventFeed,
        alarm: Alarm,
        sender: any WebhookSender,
        encode: @escaping @Sendable (Event) -> [UInt8],
        leaseDuration: Duration? = nil,
        now: @escaping @Sendable () -> Date = { Date() },
        report: @escaping @Sendable (Report) -> Void = { _ in }
    ) {
        self.metadata = metadata
        self.feed = feed
        self.alarm = alarm
        self.sender = sender
        self.encode = encode
        self.leaseDuration = max(leaseDuration ?? .zero, .seconds(60))
        self.now = { @Sendable in now().wholeMilliseconds }
        self.report = report
    }

    /// Sends events until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                var plan = Plan(deadline: .now + Self.retryInterval, position: nil)
                do {
                    let due: [Webhook]
                    (plan, due) = try await dispatch()
                    for webhook in due { group.addTask { await self.serve(webhook) } }
                } catch {
                    if !Task.isCancelled { report(.failed(error)) }
                }
                await wait(plan)
            }
        }
    }

    /// Returns the plan for the next wait and the webhooks to serve, which it marks as running.
    private func dispatch() async throws -> (Plan, [Webhook]) {
        let deadline = ContinuousClock.now + Self.interval
        guard try await metadata.hasActiveWebhooks() else {
            state.withLock { $0.scans = [:] }
            return (Plan(deadline: deadline, position: nil), [])
        }
        try await feed.publish()
        let last = try await metadata.lastEvent()
        let now = now()
        var (pause, admitted) = (Self.interval.inSeconds, [Webhook]())
        let all = try await metadata.pendingWebhooks(last: last)
        let ids = Set(all.map(\.webhook.id))
        state.withLock { state in state.scans = state.scans.filter { ids.contains($0.key) } }
        for pending in all {
            let webhook = pending.webhook
            let isWaiting = webhook.progress.nextAttemptOn > now && !webhook.hasRedeliveries
            let due = max(isWaiting ? webhook.progress.nextAttemptOn : now, pending.leasedUntil)
            if due > now {
                pause = min(pause, due.timeIntervalSince(now))
            } else if admit(webhook, last: last) {
                admitted.append(webhook)
            }
        }
        return (Plan(deadline: min(deadline, .now + .seconds(max(pause, 0.01))), position: last.position), admitted)
    }

    /// Returns whether a webhook is to be served now.
    ///
    /// If so, marks the webhook as running.
    private func admit(_ webhook: Webhook, last: EventCursor) -> Bool {
        state.withLock { state in
            let owner = webhook.owner ?? ""
            guard state.running[webhook.id] == nil, state.running.count < Self.maximumTurns,
                owner.isEmpty || state.running.values.count(where: { $0 == owner }) < Self.maximumTurnsPerUser
            else { return false }
            if let scan = state.scans[webhook.id], scan.applies(to: webhook), scan.end == last,
                !webhook.hasRedeliveries, now().timeIntervalSince(scan.began) < Self.scanLifetime
            {
                return false
            }
            state.running[webhook.id] = owner
            return true
        }
    }

    /// Runs a turn of a webhook if it has events to send.
    private func serve(_ webhook: Webhook) async {
        do {
            let known = state.withLock { $0.scans[webhook.id] }
            let scan = try await scan(webhook, known: known)
            state.withLock { $0.scans[webhook.id] = scan }
            if scan == nil, let turn = try await turn(webhook.id) { report(.turnEnded(webhook: webhook.id, turn)) }
        } catch {
            if !Task.isCancelled { report(Report(error, of: webhook)) }
            try? await Task.sleep(for: Self.retryInterval)
        }
        state.withLock { $0.running[webhook.id] = nil }
        alarm.ring()
    }

    private func wait(_ plan: Plan) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(until: plan.deadline, clock: .continuous) }
            group.addTask { await self.alarm.wait() }
            if let position = plan.position {
                group.addTask { await self.feed.wait(after: position, until: plan.deadline) }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

extension WebhookDispatcher.Report {
    fileprivate init(_ error: any Error, of webhook: Webhook) {
        if let failure = error as? WebhookDispatcher.TurnFailure {
            self = .turnFailed(webhook: webhook.id, failure.turn, failure.cause)
        } else {
            self = .failed(error)
        }
    }
}

extension WebhookDispatcher.Scan {
    /// Returns whether the scan started at the webhook's current cursor and searched for its current event types.
    func applies(to webhook: Webhook) -> Bool { start == webhook.progress.cursor && types == webhook.types }
}
