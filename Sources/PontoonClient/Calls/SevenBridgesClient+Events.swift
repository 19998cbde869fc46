import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PontoonCore

/// A change of an unfinished upload.
package enum UploadUpdate: Sendable {
    /// The upload was found for the first time, or the number of its stored bytes or reported parts has changed.
    case progress(UploadDetails)
    /// The upload has ended; the details are from its last update.
    case ended(UploadDetails, UploadEnd)
}

/// The outcome of an upload.
package enum UploadEnd: String, Sendable {
    case completed, aborted, expired
    /// The upload is no longer listed, and the server did not report why.
    case ended
}

extension SevenBridgesClient {
    /// Path of the call that returns events, relative to the endpoint.
    private static let eventsPath = "/events"
    /// Maximum time without received bytes in an event stream.
    ///
    /// The server sends a comment every 15 seconds.
    private static let maximumSilence = Duration.seconds(60)

    /// Reports the user's unfinished uploads and their progress until all reported uploads have ended.
    ///
    /// Uses the server's event stream. If the server does not provide events, polls the list of uploads instead.
    ///
    /// - Parameters:
    ///   - interval: Pause between two requests for the list when polling.
    ///   - report: Called for each change.
    /// - Throws: ``APIError``, ``ClientError``; any error that `report` throws; `CancellationError`.
    package func followUploads(
        interval: Duration = .seconds(2),
        _ report: @escaping @Sendable (UploadUpdate) async throws -> Void
    ) async throws {
        let uploads = FollowedUploads(report)
        guard try await index().announcesEvents else {
            while try await !uploads.update(try await unfinishedUploads()) { try await Task.sleep(for: interval) }
            return
        }
        while true {
            do {
                return try await follow(uploads)
            } catch let error as APIError where error.status == 410 {
                // The server has deleted the events that follow the last received one, so start again with the list.
                continue
            }
        }
    }

    private func unfinishedUploads() async throws -> [UploadDetails] {
        var all: [UploadDetails] = []
        try await eachPage {
            try await uploads(offset: $0)
        } _: {
            all += $0
        }
        return all
    }

    private struct EventPosition: Decodable {
        let next: String
    }

    private func follow(_ uploads: FollowedUploads) async throws {
        var request = APIRequest(method: .GET, path: Self.eventsPath, purpose: "follow the uploads")
        request.query = [("after", "latest")]
        // Request the position before the list, so that no later event is missed.
        let position: EventPosition = try await call(request)
        await uploads.resume(after: position.next)
        var isDone = try await uploads.update(try await unfinishedUploads())
        request.query = [("progress", "true"), ("types", "upload.completed,upload.aborted,upload.expired")]
        while !isDone {
            isDone = try await repeating(request) { _ in try await attemptStream(request, uploads) }
            // The server is stopping, or a proxy has ended the response.
            if !isDone { try await Task.sleep(for: .seconds(1)) }
        }
    }

    /// Reads the event stream until it ends or all uploads have ended.
    ///
    /// - Returns: `true` if all uploads have ended; `false` if the stream ended first.
    private func attemptStream(_ request: APIRequest, _ uploads: FollowedUploads) async throws -> Bool {
        try await throttle.pass()
        var http = try httpRequest(request)
        http.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
        http.headers.replaceOrAdd(name: "Last-Event-ID", value: await uploads.position)
        let (contact, start) = (ContactClock(), ContinuousClock.now)
        return try await withStallGuard {
            Self.maximumSilence
        } idleTime: {
            ContinuousClock.now - (contact.lastContact ?? start)
        } _: { [http] in
            let response = try await transport.open(http)
            guard (200..<300).contains(response.status.code) else {
                let body = try await translatingFailures { try await response.body.collect(upTo: 1 << 20) }
                throw refusal(
                    of: HTTPResponse(status: Int(response.status.code), headers: response.headers, body: body),
                    request
                )
            }
            do {
                var parser = ServerSentEventParser()
                for try await piece in response.body {
                    contact.note()
                    apiContact.note()
                    for event in try parser.receive(piece) {
                        if try await receive(event, uploads, request) { return true }
                    }
                }
                return false
            } catch {
                // A cancelled request may fail with an error other than CancellationError.
                try Task.checkCancellation()
                throw TransportFailure.translate(error)
            }
        }
    }

    private struct EndedUpload: Decodable {
        struct Data: Decodable {
            let id: String
        }

        let data: Data
    }

    /// Handles an event from the stream.
    ///
    /// - Returns: `true` if all uploads have ended.
    private func receive(
        _ event: ServerSentEvent,
        _ uploads: FollowedUploads,
        _ request: APIRequest
    ) async throws -> Bool {
        if let id = event.id { await uploads.resume(after: id) }
        let prefix = "\(EventType.prefix)upload."
        if event.name == "upload.progress" {
            return try await uploads.progress(try decode(event.data, request))
        }
        guard event.name.hasPrefix(prefix),
            let result = UploadEnd(rawValue: String(event.name.dropFirst(prefix.count)))
        else { return false }
        let ended: EndedUpload = try decode(event.data, request)
        return try await uploads.end(ended.data.id, result)
    }
}

/// The unfinished uploads whose progress is being reported.
private actor FollowedUploads {
    private var open: [String: UploadDetails] = [:]
    /// Cursor in the event log after which the stream resumes; empty before the first request.
    private(set) var position = ""
    private let report: @Sendable (UploadUpdate) async throws -> Void

    init(_ report: @escaping @Sendable (UploadUpdate) async throws -> Void) { self.report = report }

    func resume(after position: String) { self.position = position }

    /// Updates the uploads from a new list, reporting new uploads, progress, and the end of uploads that are not in the
    /// list.
    ///
    /// - Returns: `true` if all uploads have ended.
    func update(_ list: [UploadDetails]) async throws -> Bool {
        for upload in list { _ = try await progress(upload) }
        let listed = Set(list.map(\.id))
        for id in open.keys.sorted() where !listed.contains(id) { _ = try await end(id, .ended) }
        return open.isEmpty
    }

    /// Reports an upload if it is new, or if its stored bytes or reported parts have changed.
    ///
    /// - Returns: `false`, because this upload has not ended.
    func progress(_ upload: UploadDetails) async throws -> Bool {
        let known = open.updateValue(upload, forKey: upload.id)
        let hasChanged =
            known.map { $0.storedBytes != upload.storedBytes || $0.reportedParts != upload.reportedParts } ?? true
        if hasChanged { try await report(.progress(upload)) }
        return false
    }

    /// Reports the end of an upload that is being followed.
    ///
    /// Does nothing for any other upload, such as an upload of another user or one whose end was reported before.
    ///
    /// - Returns: `true` if all uploads have ended.
    func end(_ id: String, _ result: UploadEnd) async throws -> Bool {
        if let upload = open.removeValue(forKey: id) { try await report(.ended(upload, result)) }
        return open.isEmpty
    }
}
