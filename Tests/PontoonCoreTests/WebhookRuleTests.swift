import Foundation
import PontoonCore
import Testing

struct WebhookSignatureTests {
    /// Source: <https://docs.svix.com/receiving/verifying-payloads/how-manual>, by the authors of Standard Webhooks.
    @Test(
        "signatures equal those of published examples",
        arguments: [
            (
                "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1_731_705_121.0,
                #"{"event_type":"ping","data":{"success":true}}"#, "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330.9,
                #"{"test": 2432232314}"#, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
            ),
        ]
    )
    func known(_ secret: String, _ id: String, _ time: Double, _ body: String, _ expected: String) {
        let headers = WebhookSignature.headers(
            id: id,
            time: Date(timeIntervalSince1970: time),
            body: Array(body.utf8),
            secrets: [Secret(secret)]
        )
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers.map(\.value) == [id, "\(Int(time))", expected])
    }

    @Test("for a day after a rotation, events are also signed with the previous secret")
    func rotation() {
        let (old, new, now) = (WebhookSecrets.random(), WebhookSecrets.random(), Date(timeIntervalSince1970: 1e9))
        #expect(old != new)
        var secrets = WebhookSecrets(current: old)
        #expect(secrets.valid(now: now) == [old])
        secrets.rotate(to: new, now: now)
        #expect(secrets.valid(now: now.addingTimeInterval(86_399)) == [new, old])
        #expect(secrets.valid(now: now.addingTimeInterval(86_400)) == [new])
        let headers = WebhookSignature.headers(id: "a", time: now, body: [], secrets: secrets.valid(now: now))
        #expect(headers.last?.value.split(separator: " ").count == 2)
    }

    @Test("secrets of 24 to 64 bytes are accepted")
    func secrets() throws {
        func secret(_ count: Int) -> Secret {
            Secret("whsec_" + Data(repeating: 7, count: count).base64EncodedString())
        }
        for count in [24, 32, 64] { try WebhookSecrets.check(secret(count)) }
        try WebhookSecrets.check(WebhookSecrets.random())
        let wrong = [secret(23), secret(65), Secret(""), Secret("whsec_"), Secret("whsec_ä"), Secret("abc")]
        for secret in wrong { #expect(throws: PontoonError.self) { try WebhookSecrets.check(secret) } }
    }
}

struct WebhookRuleTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private static func event(_ position: Int64, at time: Date = start) -> Event {
        Event(
            id: "a-\(position)",
            cursor: EventCursor(log: "a", position: position),
            type: "file.created",
            occurredOn: time,
            project: nil,
            subject: "files/x",
            actor: nil,
            data: "{}"
        )
    }

    private static func turn() -> WebhookTurn {
        WebhookTurn(progress: WebhookProgress(cursor: EventCursor(log: "a", position: 0), nextAttemptOn: start))
    }

    @Test("pauses grow from a second to an hour")
    func backoff() {
        var turn = Self.turn()
        var (now, pauses) = (Self.start, [Double]())
        for _ in 0..<14 {
            let failure = WebhookOutcome.failed(status: 500, reason: "x")
            #expect(turn.note(failure, of: Self.event(1), now: now, jitter: 1) == .stop)
            pauses.append(turn.progress.nextAttemptOn.timeIntervalSince(now))
            now = turn.progress.nextAttemptOn
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600])
        #expect(turn.progress.cursor.position == 0 && turn.progress.attempts == 14 && turn.failed == 14)
        #expect(turn.progress.failingSince == Self.start && turn.progress.pendingSince == Self.start)
        #expect(turn.note(.accepted(status: 200), of: Self.event(1), now: now, jitter: 1) == .proceed)
        #expect(turn.progress.cursor.position == 1 && turn.progress.attempts == 0)
        #expect(turn.failed == 14 && turn.delivered == 1)
        #expect(turn.progress.failingSince == nil && turn.progress.pendingSince == nil)
        #expect(turn.progress.lastAttempt == WebhookAttempt(time: now, status: 200, error: nil))
    }

    @Test("an event is abandoned after three days of failures, and only if it is three days old")
    func dead() {
        var turn = Self.turn()
        let failure = WebhookOutcome.failed(status: nil, reason: "x")
        func note(_ event: Event, after seconds: TimeInterval) -> WebhookTurn.Next {
            turn.note(failure, of: event, now: Self.start.addingTimeInterval(seconds), jitter: 0.5)
        }
        #expect(note(Self.event(1), after: 10) == .stop)
        #expect(note(Self.event(1), after: 3 * 86_400 + 9) == .stop)
        #expect(note(Self.event(1), after: 3 * 86_400 + 10) == .proceed)
        #expect(turn.dead.map(\.event) == ["a-1"] && turn.dead.first?.attempts == 3 && turn.failed == 3)
        #expect(turn.progress.cursor.position == 1)
        let young = Self.event(2, at: Self.start.addingTimeInterval(86_400))
        #expect(note(young, after: 3 * 86_400 + 11) == .stop)
        #expect(turn.progress.nextAttemptOn == Self.start.addingTimeInterval(3 * 86_400 + 11 + 4))
        #expect(note(young, after: 4 * 86_400) == .proceed)
        #expect(turn.dead.map(\.event) == ["a-1", "a-2"])
        // After a success, the next failure starts a new period, however old the event is.
        let later = Self.start.addingTimeInterval(4 * 86_400)
        #expect(turn.note(.accepted(status: 204), of: Self.event(3), now: later, jitter: 1) == .proceed)
        #expect(note(Self.event(4), after: 4 * 86_400 + 1) == .stop)
    }

    @Test("a response with status 410 disables the webhook")
    func gone() {
        var turn = Self.turn()
        let outcome = WebhookOutcome(status: 410, retryAfter: nil, now: Self.start)
        #expect(turn.note(outcome, of: Self.event(1), now: Self.start, jitter: 1) == .stop)
        #expect(turn.state == .disabled && turn.progress.cursor.position == 0 && turn.failed == 1)
    }

    @Test("only a status of 2xx is a success, and the value of Retry-After is limited")
    func outcomes() {
        func outcome(_ status: Int, _ retryAfter: String? = nil) -> WebhookOutcome {
            WebhookOutcome(status: status, retryAfter: retryAfter, now: Date(timeIntervalSince1970: 784_111_777))
        }
        for status in [200, 202, 204, 299] { #expect(outcome(status) == .accepted(status: status)) }
        for status in [100, 301, 302, 307, 400, 401, 404, 429, 500, 503] {
            guard case .failed(status, _, nil) = outcome(status) else {
                Issue.record("\(status)")
                continue
            }
        }
        func pause(_ status: Int, _ text: String) -> Duration? {
            guard case .failed(_, _, let pause) = outcome(status, text) else { return nil }
            return pause
        }
        #expect(pause(429, "120") == .seconds(120) && pause(503, "120") == .seconds(120))
        #expect(pause(500, "120") == nil)
        #expect(pause(429, "999999999999999999") == .seconds(3600))
        #expect(pause(503, "Sun, 06 Nov 1994 08:50:37 GMT") == .seconds(60))
        #expect(pause(503, "Sun, 06 Nov 1994 08:49:00 GMT") == nil)
        for text in ["", "-1", "x", "1.5", "9999999999999999999"] { #expect(pause(429, text) == nil) }
        var turn = Self.turn()
        _ = turn.note(outcome(429, "120"), of: Self.event(1), now: Self.start, jitter: 1)
        #expect(turn.progress.nextAttemptOn == Self.start.addingTimeInterval(120))
    }
}
