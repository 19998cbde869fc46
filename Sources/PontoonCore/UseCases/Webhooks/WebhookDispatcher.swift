package import PontoonFoundation
import Synchronization

/// The sender of the events of all webhooks.
///
/// Any number of servers may run one; each webhook is served by the server that holds its lease. A turn lasts about a
/// second, or until one request has ended, so a slow receiver delays no other webhook unless too many are slow.
package final class WebhookDispatcher: Sendable {
    /// An occurrence to log and count.
    package enum Report: Sendable {
        case turnEnded(webhook: String, WebhookTurn)
        /// The store became unavailable during a turn; if the end of the turn could not be recorded, the turn contains
        /// only its numbers of attempts.
        case turnFailed(webhook: String, WebhookTurn, any Error)
        /// The store is unavailable.
        case failed(any Error)
    }

    /// A part of the log without events for a webhook.
    struct Scan: Sendable {
        let start: EventCursor
        let types: Set<EventType>?
        var end: EventCursor
        let began: Date
    }

    /// An error of the store after a webhook was leased.
    struct TurnFailure: Error {
        let turn: WebhookTurn
        let cause: any Error
    }

    private struct State {
        /// The webhooks that are being served, with their owners.
        var running: [String: String] = [:]
        var scans: [String: Scan] = [:]
    }

    private struct Plan {
        let deadline: ContinuousClock.Instant
        /// The end of the log; `nil` if there is nothing to wait for.
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

    /// Maximum number of webhooks that are served concurrently, and of those of one user.
    private static let maximumTurns = 64
    private static let maximumTurnsPerUser = 8
    /// Longest time until a change by another server or by a command is noticed.
    private static let interval = Duration.seconds(10)
    /// Longest pause after the store was unavailable.
    private static let retryInterval = Duration.seconds(1)
    /// Time in seconds after which the end of a scan is stored, so that a restart need not repeat it.
    static let scanLifetime: TimeInterval = 60

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - feed: Notifies the dispatcher of new events.
    ///   - alarm: Wakes the dispatcher after a change of a webhook.
    ///   - sender: Sends the requests.
    ///   - encode: Returns the body of the request for an event.
    ///   - leaseDuration: Time after which another server may serve a webhook; at least a minute is used, which is
    ///     longer than a turn can last.
    ///   - now: The current time.
    ///   - report: Receives the occurrences to log and count.
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

    /// Returns the plan for the next wait, and the webhooks whose turns must start, which already count as running.
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

    /// Returns whether a turn of a webhook may start; it then counts as running.
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

    /// Runs a turn of a webhook.
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
    /// Returns whether the scan is one of the current types of a webhook, from its current position.
    func applies(to webhook: Webhook) -> Bool { start == webhook.progress.cursor && types == webhook.types }
}
