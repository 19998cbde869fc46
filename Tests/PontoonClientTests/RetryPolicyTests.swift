import PontoonClient
import Testing

struct RetryPolicyTests {
    typealias Outcome = RetryPolicy.Outcome
    typealias Decision = RetryPolicy.Decision

    @Test(
        "what is tried again, and when",
        arguments: [
            (1, .notConnected, .effective, .retry(after: .milliseconds(250))),
            (3, .notConnected, .harmless, .retry(after: .seconds(1))),
            (9, .notConnected, .harmless, .retry(after: .seconds(30))),
            (10, .notConnected, .harmless, .giveUp),
            (1, .connectionLost, .harmless, .retry(after: .milliseconds(250))),
            (1, .connectionLost, .effective, .giveUp),
            (1, .timedOut, .harmless, .retry(after: .milliseconds(250))),
            (1, .timedOut, .effective, .giveUp),
            (1, .refused(status: 429, code: 1000, wait: .seconds(120)), .effective, .retry(after: .seconds(120))),
            (1, .refused(status: 429, code: 1000, wait: .seconds(4000)), .harmless, .retry(after: .seconds(900))),
            (1, .refused(status: 429, code: 1000, wait: nil), .harmless, .retry(after: .milliseconds(250))),
            (1, .refused(status: 409, code: 8008, wait: nil), .effective, .retry(after: .milliseconds(250))),
            (1, .refused(status: 503, code: 0, wait: .seconds(5)), .effective, .retry(after: .seconds(5))),
            (1, .refused(status: 500, code: 90009, wait: nil), .harmless, .retry(after: .milliseconds(250))),
            (1, .refused(status: 502, code: nil, wait: nil), .effective, .giveUp),
            (1, .refused(status: 501, code: 90010, wait: nil), .harmless, .giveUp),
            (1, .storageRefused(status: 403, wait: nil), .harmless, .signAgain(after: .zero)),
            (2, .storageRefused(status: 403, wait: nil), .harmless, .signAgain(after: .milliseconds(500))),
            (5, .storageRefused(status: 403, wait: nil), .harmless, .giveUp),
            (1, .storageRefused(status: 503, wait: .seconds(1)), .harmless, .signAgain(after: .seconds(1))),
            (1, .storageRefused(status: 400, wait: nil), .harmless, .giveUp),
            (1, .storageRefused(status: 413, wait: nil), .harmless, .giveUp),
            (3, .garbled, .harmless, .signAgain(after: .seconds(1))),
            (4, .garbled, .harmless, .giveUp),
        ] as [(Int, Outcome, RetryPolicy.Repetition, Decision)]
    )
    func decisions(attempt: Int, outcome: Outcome, repetition: RetryPolicy.Repetition, expected: Decision) {
        let decision = RetryPolicy().decide(attempt: attempt, outcome: outcome, repetition: repetition, jitter: 1)
        #expect(decision == expected)
    }

    @Test("no other refusal is tried again", arguments: [400, 401, 403, 404, 405, 409, 413, 415])
    func refusals(status: Int) {
        let outcome = Outcome.refused(status: status, code: 8005, wait: nil)
        #expect(RetryPolicy().decide(attempt: 1, outcome: outcome, repetition: .harmless, jitter: 1) == .giveUp)
    }

    @Test("waits are spread, never shorter than half")
    func jitter() {
        let policy = RetryPolicy()
        let outcome = Outcome.notConnected
        #expect(
            policy.decide(attempt: 2, outcome: outcome, repetition: .harmless, jitter: 0)
                == .retry(after: .milliseconds(250))
        )
        #expect(
            policy.decide(attempt: 2, outcome: outcome, repetition: .harmless, jitter: 1)
                == .retry(after: .milliseconds(500))
        )
    }
}
