import NIOCore
import PontoonCore

/// A message in a stream of Server-Sent Events.
struct ServerSentEvent: Equatable {
    /// The position from which to resume the stream after the message; `nil` if the message does not change it.
    var id: String?
    var name = "message"
    /// The data; empty for a message that only changes the position.
    var data = ByteBuffer()
}

/// A parser for a stream of Server-Sent Events.
///
/// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. Lines that end
/// with a carriage return alone are not supported.
struct ServerSentEventParser {
    private var rest = ByteBuffer()
    private var event = ServerSentEvent()
    private var hasContent = false

    /// Maximum length in bytes of an incomplete line, and of the data of an incomplete message.
    private static let maximumLength = 1 << 20

    /// Parses the next bytes of the stream.
    ///
    /// - Returns: The messages that these bytes complete.
    /// - Throws: ``TransportFailure`` of kind `responseTooLong` if an incomplete line or message is longer than 1 MiB,
    ///   or if a line contains more than ``CombiningMarks/limit`` combining marks in a row, because comparing such a
    ///   text takes too long.
    mutating func receive(_ piece: ByteBuffer) throws -> [ServerSentEvent] {
        rest.writeImmutableBuffer(piece)
        var events: [ServerSentEvent] = []
        while let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            var line = rest.readString(length: end - rest.readerIndex) ?? ""
            rest.moveReaderIndex(forwardBy: 1)
            if line.utf8.last == UInt8(ascii: "\r") { line.unicodeScalars.removeLast() }
            guard line.isEmpty else {
                guard CombiningMarks.areFew(in: line) else {
                    throw TransportFailure(kind: .responseTooLong, reason: "too many combining marks in the stream")
                }
                note(line)
                continue
            }
            if hasContent { events.append(event) }
            (event, hasContent) = (ServerSentEvent(), false)
        }
        rest.discardReadBytes()
        guard rest.readableBytes <= Self.maximumLength, event.data.readableBytes <= Self.maximumLength else {
            throw TransportFailure(kind: .responseTooLong, reason: "a message in the stream is too long")
        }
        return events
    }

    private mutating func note(_ line: String) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // A line that begins with a colon is a comment.
        guard let name = parts.first, !name.isEmpty else { return }
        var value = parts.count == 2 ? parts[1] : ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch name {
        case "id":
            event.id = String(value)
            hasContent = true
        case "event": event.name = String(value)
        case "data":
            if event.data.readableBytes > 0 { event.data.writeString("\n") }
            event.data.writeString(String(value))
            hasContent = true
        default: break
        }
    }
}
