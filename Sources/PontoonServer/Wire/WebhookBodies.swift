import NIOCore
package import PontoonCore

/// The JSON object that describes a webhook.
///
/// Source: docs/api.md#webhooks.
struct WebhookBody: JSONWritable {
    let webhook: Webhook
    let base: BaseURL
    /// The secret; only in the responses to the calls that create a secret.
    var secret: Secret?

    func write(to json: inout JSONWriter) {
        let progress = webhook.progress
        json.object { json in
            json.field("attempts", progress.attempts)
            json.field("created_by", webhook.owner)
            json.field("created_on", Timestamp(webhook.createdOn))
            json.field("cursor", progress.cursor.text)
            json.field("dead", webhook.dead)
            json.field("delivered", webhook.delivered)
            json.field("failing_since", progress.failingSince.map { Timestamp($0) })
            json.field("href", "\(base.api)\(WebhookCalls.root)/\(webhook.id)")
            json.field("id", webhook.id)
            json.field("last_attempt", progress.lastAttempt.map { WebhookAttemptBody(attempt: $0) })
            json.field("next_attempt", progress.failingSince.map { _ in Timestamp(progress.nextAttemptOn) })
            json.field("project", webhook.project?.description)
            json.field("secret", secret?.value)
            json.field("state", webhook.stateName)
            json.field("types", webhook.types?.map(\.rawValue).sorted() ?? [])
            json.field("url", webhook.target.text)
        }
    }
}

/// The JSON object that describes an attempt to deliver an event.
struct WebhookAttemptBody: JSONWritable {
    let attempt: WebhookAttempt

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("error", attempt.error)
            json.field("status", attempt.status)
            json.field("success", attempt.error == nil)
            json.field("time", Timestamp(attempt.time))
        }
    }
}

/// The JSON object that describes a dead delivery.
struct WebhookDeliveryBody: JSONWritable {
    let delivery: WebhookDelivery

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("attempts", delivery.attempts)
            json.field("cursor", delivery.cursor.text)
            json.field("event", delivery.event)
            json.field("last_attempt", WebhookAttemptBody(attempt: delivery.last))
            json.field("occurred_on", Timestamp(delivery.occurredOn))
            json.field("queued", delivery.isQueued)
            json.field("type", EventType.prefix + delivery.type)
        }
    }
}

/// Returns an event in the format of CloudEvents 1.0, as in the response to `GET /v2/events`.
package func eventJSON(_ event: Event) -> [UInt8] {
    Array(JSONWriter(EventBody(event: event)).buffer.readableBytesView)
}
