import CoreMetrics
import Logging
import PontoonCore
import ServiceLifecycle
import Synchronization

/// The service that delivers events to the receivers of webhooks.
struct WebhookService: Service {
    let dispatcher: WebhookDispatcher

    func run() async throws {
        await cancelWhenGracefulShutdown { await dispatcher.run() }
    }
}

/// A recorder that counts webhook deliveries in the metrics, and logs abandoned deliveries and other problems.
final class WebhookReports: Sendable {
    private let metrics: WebhookMetrics
    private let logger: Logger
    private let wasFailing = Mutex(false)

    init(metrics: WebhookMetrics, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    /// Records a report of the dispatcher.
    ///
    /// Of several consecutive failures of the metadata store, only the first is logged.
    func note(_ report: WebhookDispatcher.Report) {
        switch report {
        case .turnEnded(let id, let turn):
            wasFailing.withLock { $0 = false }
            note(turn, of: id)
        case .turnFailed(let id, let turn, let error):
            note(turn, of: id)
            note(failure: error)
        case .failed(let error): note(failure: error)
        }
    }

    private func note(_ turn: WebhookTurn, of id: String) {
        metrics.accepted.increment(by: turn.delivered)
        metrics.dead.increment(by: turn.dead.count)
        metrics.failed.increment(by: turn.failed)
        for delivery in turn.dead {
            logger.warning(
                "webhook delivery abandoned",
                metadata: ["webhook.id": "\(id)", "event.id": "\(delivery.event)"]
            )
        }
        if turn.hasMissedEvents {
            logger.error(
                "events missed by webhook; increase --event-retention unless a backup was restored",
                metadata: ["webhook.id": "\(id)"]
            )
        }
        if turn.state == .disabled {
            logger.notice("webhook disabled by its receiver", metadata: ["webhook.id": "\(id)"])
        }
    }

    private func note(failure error: any Error) {
        let isFirst = wasFailing.withLock { wasFailing in
            defer { wasFailing = true }
            return !wasFailing
        }
        if isFirst { logger.error("webhook processing failed", metadata: ["error": "\(error)"]) }
    }
}

/// Counters of attempts to deliver events to webhooks.
struct WebhookMetrics: Sendable {
    let accepted: Counter
    let failed: Counter
    /// Number of deliveries that were abandoned after their last attempt had failed.
    let dead: Counter

    init(factory: any MetricsFactory) {
        func counter(_ result: String) -> Counter {
            Counter(label: "pontoon_webhook_attempts_total", dimensions: [("result", result)], factory: factory)
        }
        accepted = counter("accepted")
        failed = counter("failed")
        dead = Counter(label: "pontoon_webhook_dead_deliveries_total", factory: factory)
    }
}
