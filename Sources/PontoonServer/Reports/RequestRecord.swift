import PontoonCore
import Synchronization

/// The information that middleware and handlers collect about one request, for metrics, the log and the audit log.
final class RequestRecord: Sendable {
    /// A failure of a store.
    enum StoreFault: String, CaseIterable {
        case unavailable, full, damaged
    }

    /// The conditions that determine which metrics and log lines a request causes.
    struct Flags {
        var fault: StoreFault?
        /// Whether the caller's token was invalid, or missing in a call that needs one.
        var hasInvalidToken = false
        /// Whether the request or one of its objects was refused because it would exceed a quota.
        var exceedsQuota = false
        /// Whether the request waits for events, in which case its duration does not reflect the server's speed.
        var waitsForEvents = false
        /// Whether the response body is streamed, in which case the request ends later than its handler.
        var isStreamed = false
    }

    /// Everything that is recorded about a request.
    struct Facts {
        /// The caller; empty if the request was not authenticated.
        var actor = AuditEntry.Actor()
        /// Number of bytes of the request body received so far.
        var received = 0
        /// Number of bytes sent so far if the response body is streamed.
        var sent = 0
        /// The objects of the action, in the order in which they were handled; empty if the path names the object.
        var objects: [AuditEntry.Object] = []
        /// The error code with which the request was refused; `nil` if it was not refused.
        var refusal: PontoonError.Code?
        var flags = Flags()
        fileprivate var expectation: BodyExpectation?
        fileprivate var hasLoggedCause = false
        /// Called when the streamed response body has been sent, or could not be sent completely.
        fileprivate var onEnd: (@Sendable (Facts, _ isComplete: Bool) -> Void)?
    }

    private let state = Mutex(Facts())

    var facts: Facts { state.withLock { $0 } }
    var flags: Flags { state.withLock { $0.flags } }

    /// Records the user, token and session of the caller for the logs.
    func identify(_ caller: AuthenticatedCaller) {
        state.withLock { $0.actor = caller.actor }
    }

    /// Appends an object of the action, for the audit log.
    ///
    /// If the object was refused because of a quota, also sets ``Flags/exceedsQuota``.
    func note(_ object: AuditEntry.Object) {
        state.withLock { facts in
            facts.objects.append(object)
            if object.refusal == .quotaExceeded { facts.flags.exceedsQuota = true }
        }
    }

    /// Records the error code with which the request is refused and, if a store failed, the kind of failure.
    func note(refusal: PontoonError.Code, fault: StoreFault? = nil) {
        state.withLock { facts in
            facts.refusal = refusal
            if refusal == .quotaExceeded { facts.flags.exceedsQuota = true }
            if let fault { facts.flags.fault = fault }
        }
    }

    /// Returns `true` on the first call and `false` on all later calls, so that one request causes only one warning.
    ///
    /// A bulk request can be refused once for each of its items, and could otherwise fill the log.
    func admitCause() -> Bool {
        state.withLock { facts in
            defer { facts.hasLoggedCause = true }
            return !facts.hasLoggedCause
        }
    }

    /// Records that the caller's token is invalid, or missing in a call that needs one.
    ///
    /// The audit log then contains a failed authentication instead of the action of the call.
    func noteInvalidToken() { state.withLock { $0.flags.hasInvalidToken = true } }

    /// Records that the request waits for events, so that it is never reported as slow.
    func noteWaiting() { state.withLock { $0.flags.waitsForEvents = true } }

    /// The client's expectation of `100 Continue`; `nil` if it has none.
    var expectation: BodyExpectation? {
        get { state.withLock { $0.expectation } }
        set { state.withLock { $0.expectation = newValue } }
    }

    /// Sends `100 Continue` to a client that waits for it.
    ///
    /// Starting to read the body does this, too. A handler that starts to respond before it reads the body must call
    /// this function first.
    ///
    /// - Throws: An error if the connection is closed.
    func acceptBody() async throws { try await expectation?.meet() }

    /// Adds to the number of received bytes of the request body.
    func receive(_ bytes: Int) { state.withLock { $0.received += bytes } }

    /// Adds to the number of sent bytes of a streamed response body.
    func send(_ bytes: Int) { state.withLock { $0.sent += bytes } }

    /// Records that the response body is streamed and ends with ``end(isComplete:)``.
    func beginSending() { state.withLock { $0.flags.isStreamed = true } }

    /// Sets the function to call when a streamed response ends, with the facts at that time and whether the whole body
    /// was sent.
    ///
    /// The function must not refer to this record, because that would create a reference cycle.
    func atEnd(_ report: @escaping @Sendable (Facts, _ isComplete: Bool) -> Void) {
        state.withLock { $0.onEnd = report }
    }

    /// Calls the function set with ``atEnd(_:)``; only the first call has an effect.
    func end(isComplete: Bool) {
        let (report, facts) = state.withLock { facts in (facts.onEnd.take(), facts) }
        report?(facts, isComplete)
    }
}

extension AuthenticatedCaller {
    /// The caller for the audit log.
    var actor: AuditEntry.Actor {
        AuditEntry.Actor(
            user: caller.name,
            token: caller.token?.id,
            link: session?.link.id,
            session: session?.id
        )
    }
}
