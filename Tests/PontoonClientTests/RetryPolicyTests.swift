import PontoonClient
import Testing

struct RetryPolicyTests {
    typealias Outcome = RetryPolicy.Outcome
    typealias Decision = RetryPolicy.Decision

    private static let calls: [(Int, Outcome, RetryPolicy.Idempotency, Decision)] = [
        (1, .notConnected, .nonIdempotent, .retry(after: .milliseconds(250))),
        (3, .notConnected, .idempotent, .retry(after: .seconds(1))),
        (9, .notConnected, .idempotent, .retry(after: .seconds(30))),
        (500, .notConnected, .idempotent, .retry(after: .seconds(30))),
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
        (3, .checksumMismatch, .idempotent, .refreshURLAndRetry(after: .seconds(1))),
        (4, .checksumMismatch, .idempotent, .giveUp),
    ]

    @Test("failures are retried after the documented pauses", arguments: calls)
    func decisions(attempt: Int, outcome: Outcome, idempotency: RetryPolicy.Idempotency, expected: Decision) {
        let decision = RetryPolicy().decide(attempt: attempt, outcome: outcome, idempotency: idempotency, jitter: 1)
        #expect(decision == expected)
    }

    private static let storageRefusals: [(Int, Int, String?, Duration?, Decision)] = [
        (1, 403, nil, nil, .refreshURLAndRetry(after: .zero)),
        (2, 403, nil, nil, .refreshURLAndRetry(after: .milliseconds(500))),
        (5, 403, nil, nil, .giveUp),
        (1, 503, "SlowDown", .seconds(1), .refreshURLAndRetry(after: .seconds(1))),
        (1, 501, nil, nil, .giveUp),
        (1, 400, nil, nil, .giveUp),
        (1, 400, "InvalidRequest", nil, .giveUp),
        (9, 400, "RequestTimeout", nil, .refreshURLAndRetry(after: .seconds(30))),
        (1, 400, "IncompleteBody", nil, .refreshURLAndRetry(after: .milliseconds(250))),
        (1, 400, "BadDigest", nil, .refreshURLAndRetry(after: .milliseconds(250))),
        (4, 400, "BadDigest", nil, .giveUp),
        (1, 400, "ExpiredToken", nil, .refreshURLAndRetry(after: .zero)),
        (5, 400, "ExpiredToken", nil, .giveUp),
        (1, 413, nil, nil, .giveUp),
    ]

    @Test("refusals of the storage are retried with a new URL if that can help", arguments: storageRefusals)
    func storage(attempt: Int, status: Int, code: String?, wait: Duration?, expected: Decision) {
        let outcome = Outcome.storageRefused(status: status, code: code, wait: wait)
        let decision = RetryPolicy().decide(attempt: attempt, outcome: outcome, idempotency: .idempotent, jitter: 1)
        #expect(decision == expected)
    }

    @Test("attempts and time limit the retries")
    func limits() {
        var policy = RetryPolicy()
        func isRetried(_ attempt: Int, _ elapsed: Duration) -> Bool {
            policy.decide(
                attempt: attempt,
                elapsed: elapsed,
                outcome: .notConnected,
                idempotency: .idempotent,
                jitter: 1
            ) != .giveUp
        }
        #expect(isRetried(1000, .seconds(3599)) && !isRetried(2, .seconds(3600)))
        policy.attempts = 3
        #expect(isRetried(2, .zero) && !isRetried(3, .zero))
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
