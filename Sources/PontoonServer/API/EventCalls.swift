import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore
import ServiceLifecycle

/// The request handler for events, the extension `events`.
///
/// Source: docs/api.md#events.
struct EventCalls {
    let events: Events
    let uploads: Uploads
    let callers: CallerMiddleware
    let metrics: ServerMetrics
    /// The limit on calls that wait for events or stream them, because each such call occupies memory and queries the
    /// database repeatedly.
    private let limiter = PlaceLimiter(
        maximum: 1000,
        maximumPerUser: 16,
        refusal: PontoonError(.unavailable, "Too many calls are waiting for events; try again later.")
    )

    /// Maximum waiting time of a call in seconds, to which longer requested times are reduced.
    private static let maximumWait = 60

    init(events: Events, uploads: Uploads, callers: CallerMiddleware, metrics: ServerMetrics) {
        self.events = events
        self.uploads = uploads
        self.callers = callers
        self.metrics = metrics
    }

    func add(to routes: Routes) { routes.call(.get, "/events", get) }

    @Sendable private func get(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let request = try Events.Request(call.query)
        let wait = min(try call.query.number("wait", from: 0) ?? 0, Self.maximumWait)
        let cursor = try await cursor(call)
        let accepted = WeightedList(call.request.headers[values: .accept])
        let wantsStream = accepted.weight(of: "text/event-stream") > accepted.weight(of: "application/json")
        if wantsStream, call.request.method != .head { return try await stream(request, after: cursor, call) }
        guard wait > 0, call.request.method != .head else {
            return .json(EventPageBody(page: try await events.read(request, after: cursor, caller: call.caller)))
        }
        let place = try limiter.admit(call.caller.name)
        call.context.record.noteWaiting()
        let page = try await withGracefulShutdownHandler {
            try await events.read(
                request,
                after: cursor,
                waiting: .seconds(wait),
                isStopping: { Task.isShuttingDownGracefully },
                authenticate: { try await callers.current(call) }
            )
        } onGracefulShutdown: {
            events.feed.stop()
        }
        withExtendedLifetime(place) {}
        return .json(EventPageBody(page: page))
    }

    /// Returns the position after which to read, from the header `Last-Event-ID` or else the parameter `after`.
    ///
    /// `latest` stands for the end of the log. If neither is given, the position is `nil`, and the call reads from the
    /// oldest event. An empty header counts as absent, because a client that has received no event has no id to send.
    ///
    /// - Throws: `.badRequest` if the position is malformed; the errors of the store.
    private func cursor(_ call: APICall) async throws -> EventCursor? {
        let last = call.request.headers[.lastEventID].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = last ?? call.query["after"] else { return nil }
        if text == "latest" { return try await events.latest() }
        guard let cursor = EventCursor(text) else {
            throw PontoonError(.badRequest, "The cursor is invalid; pass a cursor that the server returned, or none.")
        }
        return cursor
    }

    private func stream(_ request: Events.Request, after cursor: EventCursor?, _ call: APICall) async throws -> Response
    {
        let place = try limiter.admit(call.caller.name)
        // Reads the first page now, because an error cannot set the status once the response has begun.
        let first = try await events.read(request, after: cursor, caller: call.caller)
        let sender = EventStream(
            calls: self,
            call: call,
            request: request,
            progress: call.query.isTrue("progress") ? ProgressReader(uploads: uploads, project: request.project) : nil,
            place: place
        )
        call.context.record.noteWaiting()
        call.context.record.beginSending()
        return Response(
            status: .ok,
            // The second header stops nginx from buffering the events.
            headers: [.contentType: "text/event-stream", .accelBuffering: "no"],
            body: ResponseBody { try await sender.send(first, to: &$0) }
        )
    }
}

extension Events.Request {
    /// Reads the limit and the filter from the query; a limit above 100 counts as 100, and other parameters are
    /// ignored.
    ///
    /// - Throws: `.badRequest` for an invalid limit, project or event type.
    init(_ query: Query) throws(PontoonError) {
        self.init(limit: min(try query.number("limit", from: 1) ?? 100, 100))
        if let text = query["project"] {
            guard let id = ProjectID(text) else {
                throw PontoonError(.badRequest, "The parameter 'project' must have the form owner/project.")
            }
            project = id
        }
        let names = query.all("types").flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        if !names.isEmpty { types = try EventType.types(named: names.map(String.init), in: "parameter") }
    }
}

extension EventType {
    /// Returns the event types with the given names.
    ///
    /// - Parameters:
    ///   - names: The names, without the prefix.
    ///   - kind: Where the client sent the names: `parameter` or `field`. Used in the error message.
    /// - Returns: The types.
    /// - Throws: `.badRequest` if a name is not the name of an event type.
    static func types(named names: [String], in kind: String) throws(PontoonError) -> Set<EventType> {
        var types: Set<EventType> = []
        for name in names {
            guard let type = EventType(rawValue: name) else {
                let known = allCases.map(\.rawValue).joined(separator: ", ")
                throw PontoonError(.badRequest, "The \(kind) 'types' may contain only \(known).")
            }
            types.insert(type)
        }
        return types
    }
}

extension CallerMiddleware {
    /// Authenticates the token of a call again, because the caller may have lost rights since the call began.
    ///
    /// - Throws: `.notAuthenticated` if the token has been revoked or has expired; the store's error if it cannot be
    ///   looked up.
    func current(_ call: APICall) async throws -> Caller {
        guard let token = call.context.caller?.token else {
            throw PontoonError.notAuthenticated
        }
        return try await caller(of: token).caller
    }
}
