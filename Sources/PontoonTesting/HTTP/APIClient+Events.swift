import AsyncHTTPClient
import Foundation
import NIOCore
package import NIOHTTP1
package import PontoonCore

/// An event as a client receives it.
package struct ReceivedEvent: Hashable, Sendable, CustomStringConvertible {
    package let fields: [String: JSONValue]

    /// - Throws: ``UnexpectedResponse`` if the value is not an object.
    package init(_ value: JSONValue) throws {
        guard case .object(let fields) = value else { throw UnexpectedResponse(description: "no event: \(value)") }
        self.fields = fields
    }

    /// The type, without its prefix.
    package var type: String { (text("type") ?? "").replacing("org.pontoon.", with: "") }
    package var subject: String { text("subject") ?? "" }
    package var cursor: String { text("cursor") ?? "" }
    package var description: String { "\(type) \(subject)" }

    package func text(_ name: String) -> String? {
        guard case .string(let text) = fields[name] else { return nil }
        return text
    }

    /// Returns a field of the event's data.
    package func detail(_ name: String) -> JSONValue? {
        guard case .object(let details) = fields["data"] else { return nil }
        return details[name]
    }
}

extension APIClient {
    /// Reads all events after a position.
    ///
    /// - Parameters:
    ///   - cursor: The position; `nil` reads from the oldest event.
    ///   - query: Further parameters, such as `types=file.created`.
    /// - Returns: The events, and the position after the last event.
    /// - Throws: ``UnexpectedResponse`` if a call is refused.
    package func events(
        after cursor: String? = nil,
        _ query: String = "limit=100"
    ) async throws -> (events: [ReceivedEvent], next: String) {
        var (events, cursor) = ([ReceivedEvent](), cursor)
        while true {
            let response = try await call(.GET, "/events?\(query)\(cursor.map { "&after=\($0)" } ?? "")")
            events += try response.events
            let next = try response.text("next")
            cursor = next
            if response["has_more"] == false { return (events, next) }
        }
    }

    /// Opens a stream of Server-Sent Events.
    ///
    /// - Parameters:
    ///   - query: The query of the URL, without `?`.
    ///   - headers: Headers in addition to `Accept` and the token.
    /// - Returns: The stream, even if the status of the response is an error.
    /// - Throws: An error if there is no response.
    package func eventStream(_ query: String = "", headers: HTTPHeaders = [:]) async throws -> EventStreamReader {
        var request = HTTPClientRequest(url: origin + "/v2/events?\(query)")
        request.headers = headers
        request.headers.add(name: "Accept", value: "text/event-stream")
        if let token { request.headers.add(name: "X-SBG-Auth-Token", value: token) }
        return EventStreamReader(try await impatientHTTP.execute(request, deadline: .distantFuture))
    }
}

extension APIResponse {
    /// The events of a response to `GET /v2/events`.
    package var events: [ReceivedEvent] {
        get throws {
            guard status == 200, case .array(let items) = self["events"] else {
                throw UnexpectedResponse(description: "no events: \(status) \(bodyText)")
            }
            return try items.map { try ReceivedEvent($0) }
        }
    }
}

extension [ReceivedEvent] {
    /// The ids of the files that exist after these events, if none existed before.
    ///
    /// Throws ``ContractViolation`` if a file was created twice, or was changed, moved or deleted when it did not
    /// exist.
    package var existingFiles: Set<String> {
        get throws {
            var files: Set<String> = []
            for event in self where event.type.hasPrefix("file.") {
                switch event.type {
                case "file.created": try expect(files.insert(event.subject).inserted, "\(event): it was created twice")
                case "file.deleted": try expect(files.remove(event.subject) != nil, "\(event): it does not exist")
                default: try expect(files.contains(event.subject), "\(event): it does not exist")
                }
            }
            return Set<String>(files.map { String($0.dropFirst("files/".count)) })
        }
    }
}

/// A reader of a stream of Server-Sent Events.
package struct EventStreamReader {
    /// A message of the stream.
    package struct Message {
        package var id: String?
        package var name = "message"
        package var data = ""

        /// The data as an event.
        package var event: ReceivedEvent {
            get throws { try ReceivedEvent(try json) }
        }

        package var json: JSONValue {
            get throws { try JSONDecoder().decode(JSONValue.self, from: Data(data.utf8)) }
        }
    }

    package let status: Int
    package let headers: HTTPHeaders
    /// The chunks of the response that have not been read yet.
    ///
    /// Releasing this stream closes the connection.
    private let pieces: AsyncThrowingStream<ByteBuffer, any Error>
    private var rest = ""

    init(_ response: HTTPClientResponse) {
        status = Int(response.status.code)
        headers = response.headers
        pieces = AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await piece in response.body { continuation.yield(piece) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Returns the next message with data; `nil` at the end of the stream.
    package mutating func next() async throws -> Message? {
        while true {
            while let end = rest.firstRange(of: "\n\n") {
                let block = rest[..<end.lowerBound]
                rest.removeSubrange(..<end.upperBound)
                var message = Message()
                for line in block.split(separator: "\n") {
                    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    let value = parts.count == 2 ? parts[1].trimmingPrefix(" ") : ""
                    switch parts[0] {
                    case "id": message.id = String(value)
                    case "event": message.name = String(value)
                    case "data": message.data += value
                    default: break
                    }
                }
                if !message.data.isEmpty { return message }
            }
            var piece: ByteBuffer?
            for try await next in pieces {
                piece = next
                break
            }
            guard let piece else { return nil }
            rest += String(buffer: piece)
        }
    }

    /// Returns the next message with the given name, and skips all messages before it.
    ///
    /// - Throws: ``UnexpectedResponse`` at the end of the stream.
    package mutating func next(named name: String) async throws -> Message {
        while let message = try await next() {
            if message.name == name { return message }
        }
        throw UnexpectedResponse(description: "the stream has ended without '\(name)'")
    }
}
