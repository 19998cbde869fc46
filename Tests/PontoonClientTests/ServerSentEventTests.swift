import NIOCore
import Testing

@testable import PontoonClient

@Suite("Streams of Server-Sent Events")
struct ServerSentEventTests {
    @Test("messages are parsed regardless of how the stream is split", arguments: 1...40)
    func pieces(_ length: Int) throws {
        let text = """
            retry: 3000

            : a comment
            id: 1
            event: a
            data: {"x":1}

            data:two\r
            data: lines\r
            \r
            event: without data

            id: 2

            unknown: field
            id

            data: unfinished
            """
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        var rest = ByteBuffer(string: text)
        while let piece = rest.readSlice(length: min(length, rest.readableBytes)), piece.readableBytes > 0 {
            events += try parser.receive(piece)
        }
        #expect(
            events == [
                ServerSentEvent(id: "1", name: "a", data: ByteBuffer(string: #"{"x":1}"#)),
                ServerSentEvent(data: ByteBuffer(string: "two\nlines")), ServerSentEvent(id: "2"),
                ServerSentEvent(id: ""),
            ]
        )
    }

    @Test("a line with more than 255 combining marks in a row is refused", .timeLimit(.minutes(1)))
    func combiningMarks() throws {
        func receive(_ pairs: Int) throws -> [ServerSentEvent] {
            var parser = ServerSentEventParser()
            let line = "data: e" + String(repeating: "\u{301}\u{327}", count: pairs)
            return try parser.receive(ByteBuffer(string: "\(line)\n\n"))
        }
        #expect(try receive(127).count == 1)
        #expect(throws: TransportFailure.self) { try receive(128) }
        #expect(throws: TransportFailure.self) { try receive(60_000) }
    }

    @Test("a line or message that is too long is refused", arguments: ["data: ", "data: x\ndata: "])
    func tooLong(_ start: String) throws {
        var parser = ServerSentEventParser()
        #expect(throws: TransportFailure.self) {
            _ = try parser.receive(ByteBuffer(string: start))
            for _ in 0..<200 { _ = try parser.receive(ByteBuffer(string: String(repeating: "x", count: 10_000))) }
        }
        var lines = ServerSentEventParser()
        #expect(throws: TransportFailure.self) {
            for _ in 0..<200 {
                _ = try lines.receive(ByteBuffer(string: "data: \(String(repeating: "x", count: 10_000))\n"))
            }
        }
    }
}
