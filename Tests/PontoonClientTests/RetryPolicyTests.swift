import PontoonClient
import Testing

struct RetryPolicyTests {
    typealias Outcome = RetryPolicy.Outcome
    typealias Decision = RetryPolicy.Decision

    @Test(
        "failures are retried after the documented pauses",
        arguments: [
            (1, .notConnected, .nonIdempotent, .retry(after: .milliseconds(250))),
            (3, .notConnected, .idempotent, .retry(after: .seconds(1))),
            (9, .notConnected, .idempotent, .retry(after: .seconds(30))),
            (10, .notConnected, .idempotent, .giveUp),
            (1, .connectionLost, .idempotent, .retry(after: .milliseconds(250))),
            (1, .connectionLost, .nonIdempotent, .giveUp),
            (1, .timedOut, .idempotent, .retry(after: .milliseconds(250))),
            (1, .timedOut, .nonIdempotent, .giveUp),
            (1, .refused(status: 429, code: 1000, wait: .seconds(120)), .nonIdempotent, .retry(after: .seconds(120))),
            (1, .refused(status: 429, code: 1000, wait: .seconds(4000)), .idempotent, .retry(after: .seconds(900))),
            (1, .refused(status: 429, code: 1000, wait: nil), .idempotent, .retry(after: .milliseconds(250))),
            (1, .refused(status: 409, code: 8008, wait: nil), .nonIdempotent, .retry(after: .milliseconds(250))),
            (1, .refused(status: 503, code: 0, wait: .seconds(5)), .nonIdempotent, .retry(after: .seconds(5))),
            (1, .refused(status: 500, code: 90009, wait: nil), .idempotent, .retry(after: .milliseconds(250))),
            (1, .refused(status: 502, code: nil, wait: nil), .nonIdempotent, .giveUp),
            (1, .refused(status: 501, code: 90010, wait: nil), .idempotent, .giveUp),
            (1, .storageRefused(status: 403, wait: nil), .idempotent, .refreshURLAndRetry(after: .zero)),
            (2, .storageRefused(status: 403, wait: nil), .idempotent, .refreshURLAndRetry(after: .milliseconds(500))),
            (5, .storageRefused(status: 403, wait: nil), .idempotent, .giveUp),
            (1, .storageRefused(status: 503, wait: .seconds(1)), .idempotent, .refreshURLAndRetry(after: .seconds(1))),
            (1, .storageRefused(status: 400, wait: nil), .idempotent, .giveUp),
            (1, .storageRefused(status: 413, wait: nil), .idempotent, .giveUp),
            (3, .checksumMismatch, .idempotent, .refreshURLAndRetry(after: .seconds(1))),
            (4, .checksumMismatch, .idempotent, .giveUp),
        ] as [(Int, Outcome, RetryPolicy.Idempotency, Decision)]
    )
    func decisions(attempt: Int, outcome: Outcome, idempotency: RetryPolicy.Idempotency, expected: Decision) {
        let decision = RetryPolicy().decide(attempt: attempt, outcome: outcome, idempotency: idempotency, jitter: 1)
        #expect(decision == expected)
    }

    @Test("other refusals are not retried", arguments: [400, 401, 403, 404, 405, 409, 413, 415])
    func refusals(status: Int) {
        let outcome = Outcome.refused(status: status, code: 8005, wait: nil)
        #expect(RetryPolicy().decide(attempt: 1, outcome: outcome, idempotency: .idempotent, jitter: 1) == .giveUp)
    }

    @Test("jitter shortens a pause by at most half")
    func jitter() {
        let policy = RetryPolicy()
        let outcome = Outcome.notConnected
        #expect(
            policy.decide(attempt: 2, outcome: outcome, idempotency: .idempotent, jitter: 0)
                == .retry(after: .milliseconds(250))
        )
        #expect(
            policy.decide(attempt: 2, outcome: outcome, idempotency: .idempotent, jitter: 1)
                == .retry(after: .milliseconds(500))
        )
    }
}
