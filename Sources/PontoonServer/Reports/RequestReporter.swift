import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PontoonCore

/// A reporter of finished requests, which updates the metrics, logs requests, and records actions in the audit log.
struct RequestReporter: Sendable {
    let metrics: ServerMetrics
    /// The audit log; `nil` if there is none.
    let audit: (any AuditSink)?
    /// Minimum duration of a request that is logged as slow, unless it transfers the bytes of a part, file or archive,
    /// or waits for events.
    let slowRequest: Duration
    /// Whether a proxy in front of the server sets `X-Forwarded-For`.
    let trustsProxy: Bool
    /// Returns the current time, for the audit log.
    let now: @Sendable () -> Date
    /// The limit on log lines about a full disk: one per minute.
    private let fullDisk = LogThrottle(maximum: 1, per: .seconds(60))
    /// The limit on audit lines about refused requests without a valid token, which could otherwise fill the disk: ten
    /// per second.
    private let strangers = LogThrottle()

    init(
        metrics: ServerMetrics,
        audit: (any AuditSink)?,
        slowRequest: Duration,
        trustsProxy: Bool,
        now: @escaping @Sendable () -> Date
    ) {
        self.metrics = metrics
        self.audit = audit
        self.slowRequest = slowRequest
        self.trustsProxy = trustsProxy
        self.now = now
    }

    /// Reports a request: immediately, or at the end of its response if the response body is streamed.
    ///
    /// Most requests only update metrics, so the data for the logs is collected only if it may be needed. `start` is
    /// the time at which the head of the request was received.
    func report(_ request: Request, _ response: Response, _ context: AppContext, since start: ContinuousClock.Instant) {
        let flags = context.record.flags
        guard !flags.isStreamed else {
            let end = RequestEnd(request, response, context, start: start)
            return context.record.atEnd { facts, isComplete in
                let duration = ContinuousClock.now - end.start
                count(end.request.method, end.route, end.status, 0, facts.flags, duration)
                write(end, facts, duration, isComplete: isComplete)
            }
        }
        let duration = ContinuousClock.now - start
        let route = RequestEnd.route(of: context)
        let size = RequestEnd.size(of: response, to: request)
        count(request.method, route, response.status.code, size, flags, duration)
        guard
            duration >= slowRequest || context.logger.logLevel <= .info || flags.fault == .full
                || action(of: request.method, route, flags) != nil
        else { return }
        write(RequestEnd(request, response, context, start: start), context.record.facts, duration, isComplete: true)
    }

    private func count(
        _ method: HTTPRequest.Method,
        _ route: String?,
        _ status: Int,
        _ size: Int,
        _ flags: RequestRecord.Flags,
        _ duration: Duration
    ) {
        guard metrics.isEnabled else { return }
        metrics.count(method, route: route, status: status, duration: duration)
        if size > 0 { metrics.sent(size) }
        if let fault = flags.fault { metrics.storeFailed(fault) }
        if flags.hasInvalidToken { metrics.failedAuthentication() }
        if flags.exceedsQuota { metrics.refusedByQuota() }
    }

    /// Logs a request if its duration or the log level requires it, and records its action, if it has one, in the audit
    /// log.
    private func write(
        _ end: RequestEnd,
        _ facts: RequestRecord.Facts,
        _ duration: Duration,
        isComplete: Bool
    ) {
        log(end, facts, duration)
        if let audit, let action = action(of: end.request.method, end.route, facts.flags) {
            record(action, end, facts, isComplete: isComplete, in: audit)
        }
    }

    // MARK: Log

    private func log(_ end: RequestEnd, _ facts: RequestRecord.Facts, _ duration: Duration) {
        let isSlow = duration >= slowRequest && !end.isData && !facts.flags.waitsForEvents
        if isSlow { metrics.slowRequest() }
        if facts.flags.fault == .full, let suppressed = fullDisk.admit() {
            end.log.error("disk full", metadata: ["suppressed": "\(suppressed)"])
        }
        guard isSlow || end.logger.logLevel <= .info else { return }
        end.log.log(
            level: isSlow ? .notice : .info,
            isSlow ? "slow request" : "request",
            metadata: metadata(end, facts, duration)
        )
    }

    private func metadata(_ end: RequestEnd, _ facts: RequestRecord.Facts, _ duration: Duration) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "method": "\(end.request.method)",
            "route": "\(end.route ?? ServerMetrics.noRoute)",
            "status": .stringConvertible(end.status),
            "seconds": .stringConvertible(duration.inSeconds),
            "address": "\(end.address(trustsProxy: trustsProxy))",
            "received": .stringConvertible(facts.received),
            "sent": .stringConvertible(facts.flags.isStreamed ? facts.sent : end.responseSize),
        ]
        if let user = facts.actor.user { metadata["user"] = "\(user)" }
        if let token = facts.actor.token { metadata["token"] = "\(token)" }
        if let session = facts.actor.session { metadata["session"] = "\(session)" }
        if let refusal = facts.refusal { metadata["code"] = "\(refusal)" }
        for (key, id) in end.ids { metadata[key] = "\(id)" }
        if end.ids.isEmpty, let id = facts.objects.first?.id { metadata["object"] = "\(id)" }
        return metadata
    }

    // MARK: Audit log

    /// Returns the action to record for a request; `nil` if there is no audit log, or the call is not audited.
    private func action(
        of method: HTTPRequest.Method,
        _ route: String?,
        _ flags: RequestRecord.Flags
    ) -> AuditAction? {
        guard audit != nil else { return nil }
        if flags.hasInvalidToken { return .authenticationFail }
        return route.flatMap { AuditedCalls.action(of: method, $0) }
    }

    private func record(
        _ action: AuditAction,
        _ end: RequestEnd,
        _ facts: RequestRecord.Facts,
        isComplete: Bool,
        in audit: any AuditSink
    ) {
        var entry = AuditEntry(
            time: now(),
            action: action,
            result: isComplete ? .init(status: end.status) : .incomplete,
            status: end.status,
            actor: facts.actor,
            address: end.address(trustsProxy: trustsProxy),
            request: end.requestID
        )
        if facts.actor.user == nil, end.status >= 400 {
            guard let suppressed = strangers.admit() else { return }
            entry.suppressed = suppressed
        }
        if facts.objects.isEmpty {
            if action != .authenticationFail { entry.object = end.object }
            entry.object.refusal = facts.refusal
            audit.record(entry)
        }
        for object in facts.objects {
            entry.object = object
            if object.refusal == nil, end.status >= 400 { entry.object.refusal = facts.refusal }
            if action == .download { entry.object.bytes = Int64(facts.sent) }
            if let refusal = object.refusal {
                entry.status = refusal.status.code
                entry.result = .init(status: refusal.status.code)
            }
            audit.record(entry)
        }
    }
}
