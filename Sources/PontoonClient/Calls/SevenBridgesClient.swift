import AsyncHTTPClient
public import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import PontoonCore
import Synchronization

/// Calls an API of the Seven Bridges Platform, version 2, as one user.
///
/// Each call is retried as ``RetryPolicy`` has it, waits when the limit of calls is used up, and fails with
/// ``APIError`` (the API refused) or ``ClientError`` (there was no answer).
///
/// Source: docs/client.md#library.
public struct SevenBridgesClient: Sendable {
    /// Something was tried again.
    public struct RetryNotice: Sendable {
        /// What was tried, in words.
        public let purpose: String
        /// Why it failed.
        public let reason: String
        /// How long is waited.
        public let wait: Duration
    }

    /// Where it calls.
    public let endpoint: Endpoint
    let token: AuthToken
    let transport: HTTPTransport
    let clock = ServerClock()
    let gate = RateGate()
    /// Told of every retry.
    var onRetry: @Sendable (RetryNotice) async -> Void = { _ in }

    /// Runs with a client; its connections are closed afterwards.
    ///
    /// - Parameters:
    ///   - credentials: Where to call, and as whom.
    ///   - settings: Time-outs, proxies, certificates.
    ///   - body: What to do.
    /// - Returns: What the body returned.
    /// - Throws: What the body throws; `.tlsFailed` for a file of certificates that cannot be read.
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
        do {
            let value = try await body(client)
            try await transport.shutdown()
            return value
        } catch {
            try await transport.shutdown()
            throw error
        }
    }

    /// How far the server's clock is ahead of ours in seconds, as far as answers told.
    public var clockSkew: TimeInterval { clock.skew }
    /// Where the token stands with its limit of calls, as far as answers told.
    public var rateBudget: RateBudget? { gate.budget }
}

/// One call of the API.
struct APIRequest: Sendable {
    var method: HTTPMethod
    /// Below the endpoint, with a slash in front; segments already encoded.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: JSONValue?
    var repetition: RetryPolicy.Repetition = .harmless
    /// In words, for messages: `start the upload of 'reads.bam'`.
    var purpose: String
    /// Times the usual time-out.
    var patience = 1

    /// Method and path, for messages.
    var name: String { "\(method) \(path)" }
}

extension SevenBridgesClient {
    /// Makes a call and decodes its answer.
    func call<Answer: Decodable>(_ request: APIRequest, as type: Answer.Type = Answer.self) async throws -> Answer {
        let answer = try await perform(request)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(buffer: answer.body))
        } catch {
            throw ClientError(
                .answerUnreadable,
                "Could not \(request.purpose): the answer to \(request.name) is not what the API documents.",
                advice: "Check that the address is that of an API: \(endpoint)."
            )
        }
    }

    /// Makes a call, again and again as the policy has it.
    ///
    /// - Returns: The answer, 2xx.
    func perform(_ request: APIRequest) async throws -> HTTPAnswer {
        var attempt = 1
        while true {
            try await gate.pass()
            let outcome: RetryPolicy.Outcome
            let failure: any Error
            do {
                let answer = try await transport.send(
                    try httpRequest(request),
                    timeout: transport.settings.callTimeout * request.patience
                )
                clock.note(answer.headers.first(name: "Date"))
                let wait = gate.note(answer, clock: clock)
                if (200..<300).contains(answer.status) { return answer }
                let error = APIError(answer, purpose: request.purpose, call: request.name)
                let pause = answer.status == 429 ? wait ?? answer.retryAfter : answer.retryAfter
                outcome = .refused(status: error.status, code: error.code, wait: pause)
                failure = error
            } catch let error as TransportFailure {
                failure = error.error(request.purpose, host: endpoint.host)
                guard let known = error.outcome else { throw failure }
                outcome = known
            }
            try await pause(request, attempt: attempt, after: outcome, failure)
            attempt += 1
        }
    }

    /// Waits before the next attempt, or throws when there is to be none.
    private func pause(
        _ request: APIRequest,
        attempt: Int,
        after outcome: RetryPolicy.Outcome,
        _ failure: any Error
    ) async throws {
        let decision = transport.settings.retry.decide(
            attempt: attempt,
            outcome: outcome,
            repetition: request.repetition,
            jitter: Double.random(in: 0...1)
        )
        switch decision {
        case .giveUp:
            throw failure
        case .retry(let wait), .signAgain(let wait):
            await onRetry(RetryNotice(purpose: request.purpose, reason: "\(failure)", wait: wait))
            try await Task.sleep(for: wait)
        }
    }

    private func httpRequest(_ request: APIRequest) throws -> HTTPClientRequest {
        var url = endpoint.url + request.path
        if !request.query.isEmpty {
            url += "?" + request.query.map { "\($0.name.urlEncoded)=\($0.value.urlEncoded)" }.joined(separator: "&")
        }
        var http = HTTPClientRequest(url: url)
        http.method = request.method
        http.headers = [
            "X-SBG-Auth-Token": token.value, "User-Agent": transport.settings.userAgent, "Accept": "application/json",
        ]
        if let body = request.body {
            http.headers.add(name: "Content-Type", value: "application/json")
            http.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(body)))
        } else if request.method == .POST {
            // Not every proxy lets a POST pass that says nothing about its length.
            http.headers.add(name: "Content-Type", value: "application/json")
            http.body = .bytes(ByteBuffer(string: "{}"))
        }
        return http
    }
}

extension String {
    /// Percent-encoded but for the unreserved characters of RFC 3986: good in a path segment and in a query.
    var urlEncoded: String {
        addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? self
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
}
