import AsyncHTTPClient
public import PontoonFoundation
import NIOCore
import NIOFoundationEssentialsCompat
import NIOHTTP1
import PontoonCore
import Synchronization

/// A client of the Seven Bridges Platform API, version 2, for one user.
///
/// Calls are retried according to ``RetryPolicy`` and delayed while the token's rate limit is exhausted. They throw
/// ``APIError`` for an error response, ``ClientError`` if there is no valid response, and `CancellationError`.
public struct SevenBridgesClient: Sendable {
    /// A call that is about to be retried.
    package struct RetryNotice: Sendable {
        /// The attempted action, such as `list the projects`.
        package let purpose: String
        package let reason: String
        package let wait: Duration
        /// Whether the cause may be that the network or the server is unavailable.
        package let isOutage: Bool
    }

    /// URL of the API.
    public let endpoint: Endpoint
    let token: AuthToken
    let transport: HTTPTransport
    let clock = ServerClock()
    let throttle = RateLimitThrottle()
    let apiContact = ContactClock()
    let storageContact = ContactClock()
    package var onRetry: @Sendable (RetryNotice) async -> Void = { _ in }

    /// Runs `body` with a client and closes its connections afterwards.
    ///
    /// - Parameters:
    ///   - credentials: URL of the API and the user's token.
    ///   - settings: Connection, timeout and retry settings.
    ///   - body: Receives the client, which must not be used after `body` returns.
    /// - Returns: The value that `body` returns.
    /// - Throws: Any error that `body` throws; ``ClientError`` with code `.tlsFailed` if the CA certificates cannot
    ///   be read.
    public static func withClient<Value: Sendable>(
        _ credentials: Credentials,
        settings: ClientSettings = ClientSettings(),
        _ body: (SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        let transport = try HTTPTransport(settings)
        let client = SevenBridgesClient(
            endpoint: credentials.endpoint,
            token: credentials.token,
            transport: transport
        )
        return try await withClosing(transport, close: { try await $0.shutdown() }) { _ in try await body(client) }
    }

    /// Number of seconds by which the server's clock is ahead of the local clock; negative if it is behind, and 0
    /// before the first response.
    public var clockSkew: TimeInterval { clock.skew }
    /// The state of the token's rate limit in the last response that reported it; `nil` if no response has.
    public var rateLimit: RateLimitState? { throttle.rateLimit }
}

/// A request to the API.
struct APIRequest: Sendable {
    var method: HTTPMethod
    /// Path relative to the endpoint, with a leading slash and percent-encoded segments.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: JSONValue?
    /// Bytes to send instead of ``body``.
    var content: ByteBuffer?
    /// Headers to send in addition to the ones that every call has.
    var headers: [(name: String, value: String)] = []
    var idempotency: RetryPolicy.Idempotency = .idempotent
    /// The attempted action for messages, such as `start the upload of 'reads.bam'`.
    var purpose: String
    /// Factor by which ``ClientSettings/callTimeout`` is multiplied.
    var timeoutFactor = 1

    /// Method and path, for messages.
    var name: String { "\(method) \(path)" }
}

extension SevenBridgesClient {
    /// Performs a call, with retries, and decodes its response.
    ///
    /// - Throws: ``APIError``; ``ClientError``, with code `.responseUnreadable` if the response does not conform to the
    ///   API; `CancellationError`.
    func call<Value: Decodable>(_ request: APIRequest, as type: Value.Type = Value.self) async throws -> Value {
        try decode(try await perform(request), request)
    }

    /// Decodes the response to a call.
    ///
    /// - Throws: `.responseUnreadable` if the response does not conform to the API.
    func decode<Value: Decodable>(_ response: HTTPResponse, _ request: APIRequest) throws -> Value {
        try decode(response.body, request)
    }

    /// Decodes the body of a response, or one line of the body.
    ///
    /// - Throws: `.responseUnreadable` if the text does not conform to the API.
    func decode<Value: Decodable>(_ body: ByteBuffer, _ request: APIRequest) throws -> Value {
        do {
            return try ServerValues.decode(Value.self, from: body)
        } catch {
            throw ClientError(
                .responseUnreadable,
                "Could not \(request.purpose): the response to \(request.name) is not valid.",
                advice: "Check that \(endpoint) is the URL of a Seven Bridges API."
            )
        }
    }

    /// Performs a call, with retries.
    ///
    /// - Returns: The response, with a 2xx status.
    /// - Throws: ``APIError`` for any other status; ``ClientError`` if there is no valid response; `CancellationError`.
    func perform(_ request: APIRequest) async throws -> HTTPResponse {
        try await repeating(request) { _ in try await attempt(request) }
    }

    /// Performs a call that deletes something.
    ///
    /// Succeeds if the response has status 404 and an earlier attempt may have succeeded, because that attempt has
    /// probably deleted it.
    ///
    /// - Throws: The errors of ``perform(_:)``.
    func delete(_ request: APIRequest) async throws {
        try await repeating(request) { mayHaveSucceeded in
            do {
                _ = try await attempt(request)
            } catch let refusal as RefusedCall where mayHaveSucceeded && refusal.error.status == 404 {}
        }
    }

    /// Repeats an attempt of a call until it succeeds or the retry policy gives up.
    ///
    /// - Parameters:
    ///   - request: The call.
    ///   - body: Performs one attempt. Its argument is whether an earlier attempt may have succeeded on the server.
    /// - Returns: The value of the successful attempt.
    /// - Throws: ``APIError`` or ``ClientError`` of the last attempt; `CancellationError`. An error of `body` other
    ///   than ``RefusedCall`` or ``TransportFailure`` is thrown unchanged, without a retry.
    func repeating<Value>(_ request: APIRequest, _ body: (Bool) async throws -> Value) async throws -> Value {
        var mayHaveSucceeded = false
        return try await transport.settings.retry.withRetries(
            idempotency: request.idempotency,
            contact: apiContact
        ) { error in
            switch error {
            case let error as TransportFailure:
                FailedAttempt(
                    outcome: error.outcome,
                    error: error.error(
                        request.purpose,
                        host: endpoint.host,
                        mayExpectTLS: !endpoint.isSecure && apiContact.lastContact == nil
                    )
                )
            case let refusal as RefusedCall:
                FailedAttempt(
                    outcome: .refused(status: refusal.error.status, code: refusal.error.code, wait: refusal.wait),
                    error: refusal.error
                )
            default: nil
            }
        } willRetry: { failure, retry in
            if failure.outcome?.mayHaveSucceeded ?? false { mayHaveSucceeded = true }
            await onRetry(
                RetryNotice(
                    purpose: request.purpose,
                    reason: "\(failure.error)",
                    wait: retry.wait,
                    isOutage: retry.isOutage
                )
            )
        } _: {
            try await body(mayHaveSucceeded)
        }
    }

    /// An error response to a call, and the pause that the server requests before a retry.
    struct RefusedCall: Error {
        let error: APIError
        fileprivate let wait: Duration?
    }

    func attempt(_ request: APIRequest) async throws -> HTTPResponse {
        try await throttle.pass()
        let timeout = transport.settings.callTimeout * request.timeoutFactor
        let response = try await transport.send(
            try httpRequest(request),
            timeout: timeout,
            limit: ServerValues.maximumBody
        )
        guard (200..<300).contains(response.status) else { throw refusal(of: response, request) }
        clock.note(response.headers.first(name: "Date"))
        _ = throttle.note(response, clock: clock)
        apiContact.note()
        return response
    }

    /// Returns the error for a response without a 2xx status, and records the server's time and rate limit.
    func refusal(of response: HTTPResponse, _ request: APIRequest) -> RefusedCall {
        clock.note(response.headers.first(name: "Date"))
        let reset = throttle.note(response, clock: clock)
        return RefusedCall(
            error: APIError(response, purpose: request.purpose, call: request.name),
            wait: response.status == 429 ? reset ?? response.retryAfter : response.retryAfter
        )
    }

    /// Creates the HTTP request for a call, with the token and the body.
    func httpRequest(_ request: APIRequest) throws -> HTTPClientRequest {
        var url = endpoint.url + request.path
        if !request.query.isEmpty {
            url += "?" + request.query.map { "\($0.name.urlEncoded)=\($0.value.urlEncoded)" }.joined(separator: "&")
        }
        var http = HTTPClientRequest(url: url)
        http.method = request.method
        http.headers = [
            "X-SBG-Auth-Token": token.value, "User-Agent": transport.settings.userAgent, "Accept": "application/json",
        ]
        for (name, value) in request.headers { http.headers.add(name: name, value: value) }
        if let content = request.content {
            http.headers.add(name: "Content-Type", value: "application/octet-stream")
            http.body = .bytes(content)
        } else if let body = request.body {
            http.headers.add(name: "Content-Type", value: "application/json")
            http.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(body)))
        } else if request.method == .POST {
            // Some proxies reject a POST without Content-Length.
            http.headers.add(name: "Content-Type", value: "application/json")
            http.body = .bytes(ByteBuffer(string: "{}"))
        }
        return http
    }
}

extension String {
    /// The text, percent-encoded for use as a path segment or query value.
    var urlEncoded: String { PercentEncoding.component(self) }
}
