import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import PontoonCore

#if os(Linux)
import Glibc
#endif

/// Hummingbird's HTTP/1.1 channel, tuned for large bodies.
///
/// It reads up to 1 MiB from the socket at a time, and queues at most one read while the disk is slow.
struct LargeBodyHTTP1Channel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let idleTimeout: Duration
    let limits: SlowRequestLimits
    let connections: ConnectionLimiter
    let tasks: ConnectionTasks
    let budget: ReceiveBufferBudget
    let tls: ServerTLS?
    let metrics: ServerMetrics

    /// - Parameters:
    ///   - responder: The responder that handles the requests.
    ///   - settings: The server's settings, with the timeouts and limits.
    ///   - connections: The limit on connections.
    ///   - tasks: The tasks, to which one is added for each connection.
    ///   - budget: The limit on memory for socket reads.
    ///   - tls: The TLS configuration; `nil` for connections without encryption.
    ///   - metrics: The metrics, which count the connections.
    init(
        responder: @escaping HTTPChannelHandler.Responder,
        settings: ServerSettings,
        connections: ConnectionLimiter,
        tasks: ConnectionTasks,
        budget: ReceiveBufferBudget,
        tls: ServerTLS?,
        metrics: ServerMetrics
    ) {
        self.responder = Self.onChosenThreads(responder)
        self.idleTimeout = settings.idleTimeout
        self.limits = SlowRequestLimits(
            requestTimeout: settings.requestTimeout,
            minimumPartRate: settings.minimumPartRate,
            maximumHeaderSize: settings.maximumHeaderSize,
            allowedOrigin: settings.allowedOrigins.fixed
        )
        self.connections = connections
        self.tasks = tasks
        self.budget = budget
        self.tls = tls
        self.metrics = metrics
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            switch connections.admit(channel) {
            case .admitted: metrics.opened(channel)
            case .refused(let error):
                metrics.refusedConnection()
                try tls?.addHandler(to: channel)
                let handler = RefusedConnectionHandler(
                    error,
                    allowedOrigin: limits.allowedOrigin,
                    awaitsHandshake: tls != nil
                )
                try channel.pipeline.syncOperations.addHandler(handler)
                return try Self.asynchronous(channel)
            case .closed:
                metrics.refusedConnection()
                channel.eventLoop.execute { channel.close(promise: nil) }
                return try Self.asynchronous(channel)
            }
            let options = channel.syncOptions
            try options?.setOption(.recvAllocator, value: ReceiveAllocator(budget: budget))
            try options?.setOption(.maxMessagesPerRead, value: 1)
            #if os(Linux)
            // The kernel closes the connection if the client does not read its response.
            let timeout = Int(idleTimeout / .milliseconds(1))
            try? options?.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: timeout)
            #endif
            let pipeline = channel.pipeline.syncOperations
            try tls?.addHandler(to: channel)
            let slowRequests = SlowRequestHandler(limits: limits, awaitsHandshake: tls != nil)
            try pipeline.addHandler(slowRequests)
            let rawQueries = RawQueryHandler()
            try pipeline.addHandler(rawQueries)
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withOutboundHeaderValidation: false
            )
            try pipeline.addHandler(RequestHeadHandler(slowRequests: slowRequests, rawQueries: rawQueries))
            try pipeline.addHandler(FileBodyHandler())
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: tls != nil))
            try pipeline.addHandler(MalformedRequestHandler(allowedOrigin: limits.allowedOrigin))
            try pipeline.addHandler(LingeringCloseHandler())
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger))
            return try Self.asynchronous(channel)
        }
    }

    private static func asynchronous(_ channel: any Channel) throws -> Value {
        try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(
                backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1),
                isOutboundHalfClosureEnabled: true
            )
        )
    }

    /// Runs each call on the threads for calls of its kind.
    private static func onChosenThreads(
        _ respond: @escaping HTTPChannelHandler.Responder
    ) -> HTTPChannelHandler.Responder {
        { request, writer, channel in
            let executor: any TaskExecutor
            switch CallKind(request.head) {
            case .data: return try await respond(request, writer, channel)
            case .upload, .archive: executor = globalConcurrentExecutor
            case .other: executor = LowPriorityExecutor.shared
            }
            var writer = Optional(writer)
            try await withTaskExecutorPreference(executor) {
                guard let writer = writer.take() else { preconditionFailure("a response is written once") }
                try await respond(request, writer, channel)
            }
        }
    }

    func handle(value: Value, logger: Logger) async {
        tasks.start(on: EventLoopExecutor(value.channel.eventLoop)) {
            await handleHTTP(asyncChannel: value, logger: logger)
        }
    }
}
