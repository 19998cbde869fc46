import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

/// Calls to a cluster's API, which are repeated until a server returns a status below 500.
final class ChaosCalls: Sendable {
    /// A response with a status below 500.
    struct Response: Sendable {
        let api: APIResponse
        /// Whether the call was sent more than once, so that an earlier attempt may have taken effect.
        let wasRepeated: Bool
        /// Method and path, for error messages.
        let request: String

        /// Returns the response if it has one of the statuses.
        ///
        /// - Throws: ``UnexpectedResponse`` for another status.
        func expecting(_ statuses: Int...) throws -> APIResponse {
            guard statuses.contains(api.status) else {
                throw UnexpectedResponse(description: "\(request): \(api.status) \(api.bodyText.prefix(500))")
            }
            return api
        }
    }

    /// Time after which a call fails if it has received no response with a status below 500.
    private static let deadline = Duration.seconds(600)

    let endpoints: [APIClient]
    /// Number of running complete calls, by origin of the endpoint.
    private let completing = Mutex<[String: Int]>([:])

    /// - Parameter endpoints: The servers and the proxy in front of them.
    init(_ endpoints: [APIClient]) { self.endpoints = endpoints }

    /// Returns whether a complete call is running at an endpoint, or at any endpoint if `origin` is `nil`.
    func isCompleting(at origin: String?) -> Bool {
        completing.withLock { running in running.contains { $0.value > 0 && (origin == nil || $0.key == origin) } }
    }

    /// Calls random endpoints until one returns a status below 500.
    ///
    /// The body is either JSON or bytes. If the call is idempotent and the first endpoint does not respond within a
    /// second, a second one is also called. The seed selects the endpoints and the delays. A server error other than
    /// 503 with `Retry-After` is recorded as an issue.
    ///
    /// - Returns: The first response with a status below 500.
    /// - Throws: ``ContractViolation`` if there is none within ten minutes.
    func call(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        bytes: ByteBuffer? = nil,
        isIdempotent: Bool = true,
        seed: UInt64
    ) async throws -> Response {
        var random = SeededGenerator(seed: seed)
        let end = ContinuousClock.now + Self.deadline
        var wasRepeated = false
        while true {
            let order = endpoints.shuffled(using: &random)
            let second = Switch()
            let response = await firstResponse {
                try await self.send(method, path, body, bytes, to: order[0])
            } _: {
                guard isIdempotent else { return nil }
                // The client's timeout, not a wait for an event.
                try await Task.sleep(for: .seconds(1))
                second.turnOn()
                return try await self.send(method, path, body, bytes, to: order[1])
            }
            if let response, response.status < 500 {
                let isRepeated = wasRepeated || second.isOn
                return Response(api: response, wasRepeated: isRepeated, request: "\(method) \(path)")
            }
            if let response {
                let isExpected = response.status == 503 && !response.headers["Retry-After"].isEmpty
                #expect(isExpected, "\(method) \(path): \(response.status) \(response.bodyText.prefix(500))")
            }
            guard ContinuousClock.now < end else {
                throw ContractViolation("\(method) \(path): no response other than 503 within \(Self.deadline)")
            }
            wasRepeated = true
            // A random delay, not a wait for an event.
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...200, using: &random)))
        }
    }

    /// Runs both closures, and cancels one as soon as the other returns a response with a status below 500.
    ///
    /// - Returns: The last response; `nil` if there was none.
    private func firstResponse(
        _ first: @escaping @Sendable () async throws -> APIResponse?,
        _ second: @escaping @Sendable () async throws -> APIResponse?
    ) async -> APIResponse? {
        await withTaskGroup { group in
            for request in [first, second] { group.addTask { try? await request() } }
            var last: APIResponse?
            for await response in group {
                guard let response else { continue }
                last = response
                if response.status < 500 { break }
            }
            group.cancelAll()
            return last
        }
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue?,
        _ bytes: ByteBuffer?,
        to endpoint: APIClient
    ) async throws -> APIResponse {
        let counts = path.hasSuffix("/complete")
        if counts { completing.withLock { $0[endpoint.origin, default: 0] += 1 } }
        defer { if counts { completing.withLock { $0[endpoint.origin, default: 0] -= 1 } } }
        if let bytes { return try await endpoint.call(method, path, bytes: bytes, type: nil) }
        return try await endpoint.call(method, path, body)
    }
}

extension ChaosCalls {
    /// Repeats a request to the bucket until it returns 200.
    ///
    /// Before each attempt, `url` requests a presigned URL from a server.
    func transfer(
        _ method: HTTPMethod,
        _ bytes: ByteBuffer? = nil,
        at url: () async throws -> String
    ) async throws -> APIResponse {
        var last: APIResponse?
        try await eventually("\(method) in the bucket succeeds", within: Self.deadline) {
            let target = try await url()
            last = try? await endpoints[0].send(method, target, bytes)
            return last?.status == 200
        }
        return try #require(last)
    }
}
