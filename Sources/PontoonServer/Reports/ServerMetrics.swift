package import CoreMetrics
import HTTPTypes
import NIOCore
import PontoonCore
import Synchronization

/// The metrics that the HTTP server updates.
///
/// Each label has a limited set of values: `route` contains the route pattern instead of the path, and `method` is
/// `other` for unknown methods.
package final class ServerMetrics: Sendable {
    /// The metrics of one method of a route.
    private struct Call {
        let method: HTTPRequest.Method
        let seconds: CoreMetrics.Timer
        var responses: [(status: Int, counter: Counter)] = []
    }

    /// Whether any metrics are exported.
    let isEnabled: Bool
    private let receivedBytes: Counter
    private let sentBytes: Counter
    private let storeErrors: [RequestRecord.StoreFault: Counter]
    private let openConnections: Meter
    private let eventStreams: Meter
    private let refusedConnections: Counter
    private let failedAuthentications: Counter
    private let slowRequests: Counter
    private let quotaRefusals: Counter
    private let factory: any MetricsFactory
    private let calls = Mutex<[String: [Call]]>([:])

    /// The value of the `route` label for requests that match no route.
    static let noRoute = "unmatched"
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]

    /// Creates the metrics with a factory; the default factory exports none.
    package init(factory: any MetricsFactory = NOOPMetricsHandler.instance) {
        self.factory = factory
        isEnabled = !(factory is NOOPMetricsHandler)
        receivedBytes = Counter(label: "pontoon_received_bytes_total", factory: factory)
        sentBytes = Counter(label: "pontoon_sent_bytes_total", factory: factory)
        storeErrors = Dictionary(
            uniqueKeysWithValues: RequestRecord.StoreFault.allCases.map { fault in
                let labels = [("kind", fault.rawValue)]
                return (fault, Counter(label: "pontoon_store_errors_total", dimensions: labels, factory: factory))
            }
        )
        openConnections = Meter(label: "pontoon_open_connections", factory: factory)
        eventStreams = Meter(label: "pontoon_event_streams", factory: factory)
        refusedConnections = Counter(label: "pontoon_refused_connections_total", factory: factory)
        failedAuthentications = Counter(label: "pontoon_failed_authentications_total", factory: factory)
        slowRequests = Counter(label: "pontoon_slow_requests_total", factory: factory)
        quotaRefusals = Counter(label: "pontoon_quota_refusals_total", factory: factory)
        openConnections.set(0)
        eventStreams.set(0)
    }

    /// Counts a response, and records its duration.
    ///
    /// - Parameters:
    ///   - method: The method of the request.
    ///   - route: The route pattern; `nil` if the request matched none.
    ///   - status: The HTTP status.
    ///   - duration: Time from the arrival of the request's head to the end of the response, or to its start if its
    ///     body is not streamed.
    func count(_ method: HTTPRequest.Method, route: String?, status: Int, duration: Duration) {
        let (seconds, counter) = calls.withLock { calls in
            handlers(of: method, route ?? Self.noRoute, status, in: &calls)
        }
        counter.increment()
        let (whole, fraction) = duration.components
        seconds.recordNanoseconds(whole &* 1_000_000_000 &+ fraction / 1_000_000_000)
    }

    /// Returns the metrics of a response; creates them if they do not exist.
    private func handlers(
        of method: HTTPRequest.Method,
        _ route: String,
        _ status: Int,
        in calls: inout [String: [Call]]
    ) -> (CoreMetrics.Timer, Counter) {
        var ofRoute = calls[route] ?? []
        var index = ofRoute.firstIndex { $0.method == method }
        // The set is searched only for a method that is new to this route, because hashing takes longer than the rest
        // of this function.
        let method = index == nil && !Self.methods.contains(method) ? HTTPRequest.Method.other : method
        if index == nil { index = ofRoute.firstIndex { $0.method == method } }
        if let index, let known = ofRoute[index].responses.first(where: { $0.status == status }) {
            return (ofRoute[index].seconds, known.counter)
        }
        let labels = [("method", method.rawValue), ("route", route)]
        let counter = Counter(
            label: "pontoon_http_requests_total",
            dimensions: labels + [("status", String(status))],
            factory: factory
        )
        var call: Call
        if let index {
            call = ofRoute[index]
            call.responses.append((status, counter))
            ofRoute[index] = call
        } else {
            let label = "pontoon_http_request_duration_seconds"
            let seconds = CoreMetrics.Timer(label: label, dimensions: labels, factory: factory)
            call = Call(method: method, seconds: seconds, responses: [(status, counter)])
            ofRoute.append(call)
        }
        calls[route] = ofRoute
        return (call.seconds, counter)
    }

    /// Counts a connection as open until it is closed.
    func opened(_ channel: any Channel) {
        openConnections.increment()
        channel.closeFuture.whenComplete { _ in self.openConnections.decrement() }
    }

    /// Counts an event stream as open until ``closedEventStream()`` is called.
    func openedEventStream() { eventStreams.increment() }

    func closedEventStream() { eventStreams.decrement() }

    func refusedConnection() { refusedConnections.increment() }

    func received(_ bytes: Int) { receivedBytes.increment(by: bytes) }

    func sent(_ bytes: Int) { sentBytes.increment(by: bytes) }

    func storeFailed(_ fault: RequestRecord.StoreFault) { storeErrors[fault]?.increment() }

    func failedAuthentication() { failedAuthentications.increment() }

    func slowRequest() { slowRequests.increment() }

    func refusedByQuota() { quotaRefusals.increment() }
}

extension HTTPRequest.Method {
    /// The value of the `method` label for unknown methods.
    fileprivate static let other = HTTPRequest.Method("other") ?? .trace
}
