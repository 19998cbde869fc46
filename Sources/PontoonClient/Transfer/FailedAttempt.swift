import PontoonCore

/// A failed attempt, described for the retry policy and for the user.
struct FailedAttempt {
    /// The outcome for the retry policy; `nil` if another attempt cannot succeed.
    let outcome: RetryPolicy.Outcome?
    /// The error to throw if the policy gives up, and the reason in the event if it retries.
    let error: any Error
    /// Whether the attempt made progress.
    ///
    /// If so, it counts as the first attempt.
    var madeProgress = false
}

/// The policy's decision to make another attempt after a pause.
struct PlannedRetry {
    let wait: Duration
    let refreshesURL: Bool
    /// Whether the cause may be an outage of the network or the server, rather than a refusal of this request.
    var isOutage = false
}

extension RetryPolicy {
    /// Repeats an attempt until it succeeds or the policy gives up.
    ///
    /// - Parameters:
    ///   - idempotency: Whether the request can safely be repeated.
    ///   - contact: The time of the last successful contact with the same peer by any request.
    ///   - classify: Describes an error for the policy; if it returns `nil`, the error is thrown unchanged.
    ///   - willRetry: Called before the pause that precedes each retry.
    ///   - attempt: Performs one attempt.
    /// - Returns: The value of the successful attempt.
    /// - Throws: The error of the last attempt, as described by `classify`; `CancellationError` if the task is
    ///   cancelled during a pause.
    func withRetries<Value>(
        idempotency: Idempotency = .idempotent,
        contact: ContactClock,
        classify: (any Error) -> FailedAttempt?,
        willRetry: (FailedAttempt, PlannedRetry) async -> Void,
        _ attempt: () async throws -> Value
    ) async throws -> Value {
        var count = 1
        var firstFailure: ContinuousClock.Instant?
        while true {
            let failure: FailedAttempt
            do {
                return try await attempt()
            } catch {
                guard let classified = classify(error) else { throw error }
                failure = classified
            }
            guard let outcome = failure.outcome else { throw failure.error }
            let now = ContinuousClock.now
            if failure.madeProgress { (count, firstFailure) = (1, nil) }
            var start = firstFailure ?? now
            firstFailure = start
            let mayCountAnew = outcome.isConnectionFailure && now - start < maximumTime * 4
            if mayCountAnew, let last = contact.lastContact { start = max(start, last) }
            let decision = decide(
                attempt: count,
                elapsed: now - start,
                outcome: outcome,
                idempotency: idempotency,
                jitter: Double.random(in: 0...1)
            )
            guard var retry = decision.retry else { throw failure.error }
            retry.isOutage = outcome.isOutage
            await willRetry(failure, retry)
            try await Task.sleep(for: retry.wait)
            count += 1
        }
    }
}

extension RetryPolicy.Decision {
    fileprivate var retry: PlannedRetry? {
        switch self {
        case .giveUp: nil
        case .retry(let wait): PlannedRetry(wait: wait, refreshesURL: false)
        case .refreshURLAndRetry(let wait): PlannedRetry(wait: wait, refreshesURL: true)
        }
    }
}

extension FailedAttempt {
    /// Classifies a failed request to the storage behind a signed URL.
    ///
    /// - Parameters:
    ///   - error: The error. The result is `nil` if it is neither a ``TransportFailure`` nor a ``StorageRefusal``.
    ///   - action: The attempted action, such as `send`.
    ///   - subject: The object of the action, such as `part 3 of 'reads.bam'`.
    init?(storageError error: any Error, action: String, subject: String) {
        switch error {
        case let error as TransportFailure:
            self.init(outcome: error.outcome, error: error.error("\(action) \(subject)", host: "the storage"))
        case let error as StorageRefusal:
            self.init(
                outcome: .storageRefused(status: error.status, code: error.code, wait: error.wait),
                error: error.error(subject)
            )
        default: return nil
        }
    }
}
