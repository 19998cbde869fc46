import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore
import ServiceLifecycle

/// A stream of Server-Sent Events to one client.
///
/// The next page of events is read from the log only after the client has received the previous page. A slow client
/// therefore occupies little memory.
struct EventStream: Sendable {
    let calls: EventCalls
    let call: APICall
    let request: Events.Request
    /// The reader of upload progress; `nil` if the client did not request progress.
    var progress: ProgressReader?
    let place: PlaceLimiter.Place

    /// Time without a message after which a comment is sent, so that both sides notice a dead connection.
    private static let heartbeat = Duration.seconds(15)
    /// Interval at which the caller's rights are checked and, if requested, progress is read.
    ///
    /// The rights are also checked before each read of events.
    private var interval: Duration { progress == nil ? .seconds(5) : .seconds(1) }

    /// Sends events until the client disconnects, the server shuts down, or the events cannot be read, for example
    /// because the caller's token was revoked.
    ///
    /// If the events cannot be read, sends a last message of type `error`. Ends the request's record, even if an error
    /// is thrown.
    ///
    /// - Parameters:
    ///   - first: The first page of events, which was already read.
    ///   - writer: The writer of the response body.
    /// - Throws: The errors of the connection; `CancellationError`.
    @concurrent func send(_ first: EventPage, to writer: inout any ResponseBodyWriter) async throws {
        let record = call.context.record
        calls.metrics.openedEventStream()
        defer {
            calls.metrics.closedEventStream()
            withExtendedLifetime(place) {}
        }
        do {
            try await sendEvents(first, to: &writer)
            record.end(isComplete: true)
        } catch {
            record.end(isComplete: false)
            throw error
        }
        try await writer.finish(nil)
    }

    @concurrent private func sendEvents(_ first: EventPage, to writer: inout any ResponseBodyWriter) async throws {
        var (page, progress) = (first, progress)
        // The delay in milliseconds before clients reconnect.
        try await write("retry: 3000\n\n", to: &writer)
        var written = ContinuousClock.now
        var next = ContinuousClock.now
        while true {
            var message = ByteBuffer()
            for event in page.events {
                message.writeEvent(EventType.prefix + event.type, EventBody(event: event), id: event.cursor)
            }
            do {
                if ContinuousClock.now >= next {
                    let caller = try await calls.callers.current(call)
                    try await progress?.read(caller, into: &message)
                    next = .now + interval
                }
            } catch let error {
                return try await refuse(error, to: &writer)
            }
            if message.readableBytes == 0, ContinuousClock.now - written >= Self.heartbeat {
                // An id without data moves the position from which the client resumes, but does not count as an event.
                message.writeString(":\nid: \(page.next.text)\n\n")
            }
            if message.readableBytes > 0 {
                try await write(message, to: &writer)
                written = .now
            }
            if Task.isShuttingDownGracefully { return }
            if !page.hasMore { await wait(after: page.next, until: min(next, written + Self.heartbeat)) }
            try Task.checkCancellation()
            do {
                let caller = try await calls.callers.current(call)
                page = try await calls.events.read(request, after: page.next, caller: caller, isNotified: true)
            } catch {
                return try await refuse(error, to: &writer)
            }
        }
    }

    private func wait(after cursor: EventCursor, until deadline: ContinuousClock.Instant) async {
        let feed = calls.events.feed
        await withGracefulShutdownHandler {
            await feed.wait(after: cursor.position, until: deadline)
        } onGracefulShutdown: {
            feed.stop()
        }
    }

    /// Sends a message of type `error` with the reason why the stream ends.
    @concurrent private func refuse(_ error: any Error, to writer: inout any ResponseBodyWriter) async throws {
        if error is CancellationError { throw error }
        let refusal = call.context.refusal(for: error)
        call.context.record.note(refusal: refusal.code)
        var message = ByteBuffer()
        message.writeEvent("error", ErrorBody(refusal), id: nil)
        try await write(message, to: &writer)
    }

    @concurrent private func write(_ text: String, to writer: inout any ResponseBodyWriter) async throws {
        try await write(ByteBuffer(string: text), to: &writer)
    }

    /// Writes a message, and counts its bytes as sent.
    @concurrent private func write(_ message: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        call.context.record.send(message.readableBytes)
        calls.metrics.sent(message.readableBytes)
        try await writer.write(message)
    }
}

/// A reader that reports the progress of a caller's unfinished uploads.
struct ProgressReader: Sendable {
    let uploads: Uploads
    /// The project whose uploads are reported; `nil` for all projects.
    let project: ProjectID?
    /// The progress of the uploads as last sent, by id.
    private var sent: [String: Progress] = [:]

    private struct Progress: Equatable {
        let storedBytes: Int64?
        let storedParts: Int?
        let reportedParts: Int

        init(_ summary: UploadSummary) {
            storedBytes = summary.storedBytes
            storedParts = summary.storedParts
            reportedParts = summary.reportedParts
        }
    }

    /// Maximum number of uploads to read, newest first, including uploads to other projects.
    private static let maximum = 100

    init(uploads: Uploads, project: ProjectID?) {
        self.uploads = uploads
        self.project = project
    }

    /// Appends a message for each upload that is new or whose progress has changed since the last call, or for every
    /// upload on the first call.
    ///
    /// - Throws: The errors of ``Uploads/list(caller:page:)``.
    mutating func read(_ caller: Caller, into message: inout ByteBuffer) async throws {
        let page = Page(offset: 0, limit: Self.maximum)
        var current: [String: Progress] = [:]
        for summary in try await uploads.list(caller: caller, page: page).items where includes(summary.upload) {
            let progress = Progress(summary)
            current[summary.upload.id] = progress
            guard sent[summary.upload.id] != progress else { continue }
            message.writeEvent("upload.progress", UploadProgressBody(summary: summary), id: nil)
        }
        sent = current
    }

    private func includes(_ upload: Upload) -> Bool {
        guard let project else { return true }
        guard case .folder(_, project, _) = upload.destination else { return false }
        return true
    }
}

extension ByteBuffer {
    /// Appends one message of a stream of Server-Sent Events.
    ///
    /// - Parameters:
    ///   - name: The type of the event.
    ///   - data: The data, whose JSON contains no line feed.
    ///   - id: The position from which the client resumes after the event; `nil` if the message is not an event of the
    ///     log.
    fileprivate mutating func writeEvent(_ name: String, _ data: some JSONWritable, id: EventCursor?) {
        if let id { writeString("id: \(id.text)\n") }
        writeString("event: \(name)\ndata: ")
        writeImmutableBuffer(JSONWriter(data).buffer)
        writeString("\n\n")
    }
}
