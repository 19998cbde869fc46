import Foundation
import Logging
import PontoonCore
import Testing

@testable import PontoonApp

/// The metrics of webhooks.
struct WebhookReportTests {
    private static func turn() -> WebhookTurn {
        let cursor = EventCursor(log: "0123456789abcdef", position: 1)
        return WebhookTurn(progress: WebhookProgress(cursor: cursor, nextAttemptOn: Date(timeIntervalSince1970: 0)))
    }

    @Test("only attempts of the turn are counted, not those of an event that failed in an earlier turn")
    func attempts() {
        let registry = MetricsRegistry()
        let reports = WebhookReports(
            metrics: WebhookMetrics(factory: registry),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        func expect(accepted: Int, failed: Int, sourceLocation: SourceLocation = #_sourceLocation) {
            for (result, count) in [("accepted", accepted), ("failed", failed)] {
                let line = "\npontoon_webhook_attempts_total{result=\"\(result)\"} \(count)\n"
                #expect(registry.text.contains(line), "\(registry.text)", sourceLocation: sourceLocation)
            }
        }
        // A turn that only sent a dead delivery again, while the next event waits for its next attempt.
        var redelivery = Self.turn()
        redelivery.progress.pendingSince = Date(timeIntervalSince1970: 0)
        redelivery.delivered = 1
        redelivery.redelivered = ["a-1"]
        reports.note(.turnEnded(webhook: "w", redelivery))
        expect(accepted: 1, failed: 0)
        // A delivery whose event was deleted is refused without an attempt.
        let event = Event(
            id: "a-2",
            cursor: EventCursor(log: "0123456789abcdef", position: 2),
            type: "file.created",
            occurredOn: Date(timeIntervalSince1970: 0),
            project: nil,
            subject: "files/x",
            actor: nil,
            data: "{}"
        )
        var refused = Self.turn()
        refused.refused = [
            WebhookDelivery(
                event: event.id,
                cursor: event.cursor,
                type: event.type,
                occurredOn: event.occurredOn,
                attempts: 1,
                last: WebhookAttempt(time: event.occurredOn, status: nil, error: "deleted")
            )
        ]
        reports.note(.turnEnded(webhook: "w", refused))
        expect(accepted: 1, failed: 0)
        var failed = Self.turn()
        let failure = WebhookOutcome.failed(status: 500, reason: "x")
        _ = failed.note(failure, of: event, now: Date(timeIntervalSince1970: 1), jitter: 1)
        reports.note(.turnEnded(webhook: "w", failed))
        expect(accepted: 1, failed: 1)
        reports.note(.turnFailed(webhook: "w", failed, CancellationError()))
        expect(accepted: 1, failed: 2)
    }
}
