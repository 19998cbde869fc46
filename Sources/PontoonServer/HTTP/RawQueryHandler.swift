import NIOCore
import PontoonCore

/// A channel handler that percent-encodes non-ASCII characters in the query of a request line, because SwiftNIO's
/// decoder refuses them.
///
/// The R package `sevenbridges` sends names in this form. Invalid UTF-8 is passed on, and the decoder refuses it. The
/// handler is placed before the decoder and sees only bytes, so ``RequestHeadHandler``, behind the decoder, reports to
/// it the end of each head and of each request. If requests are pipelined, a request line that begins in the same read
/// as the end of the previous request is passed on unchanged.
final class RawQueryHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The request line that is expected or being read; `nil` from the end of the head to the end of the request.
    private var line: RequestLine? = RequestLine()

    func receivedHead() { line = nil }

    func receivedEnd() { line = RequestLine() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var line, !line.isComplete else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        line.encode(&bytes)
        self.line = line
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    }
}

/// A request line whose query is percent-encoded while it arrives, in one or more reads.
struct RequestLine {
    private enum Position {
        case start, method, target, path, query, end
    }

    private var position = Position.start
    /// The bytes of an incomplete character in the query: at most three.
    private var character: [UInt8] = []

    /// Whether the query has been read, or the bytes are not a request line in origin form.
    var isComplete: Bool { position == .end }

    /// Percent-encodes the characters in the query that are not ASCII.
    ///
    /// If the last character is incomplete, its bytes are removed, and inserted before the bytes of the next read.
    mutating func encode(_ bytes: inout ByteBuffer) {
        let view = bytes.readableBytesView
        var index = view.startIndex
        // Most request lines are ASCII and need no copy.
        while index < view.endIndex, !isComplete, character.isEmpty, !isEncoded(view[index]) {
            advance(view[index])
            index += 1
        }
        guard index < view.endIndex, !isComplete else { return }
        var encoded = ByteBuffer(view[..<index])
        while index < view.endIndex, !isComplete {
            append(view[index], to: &encoded)
            index += 1
        }
        encoded.writeBytes(view[index...])
        bytes = encoded
    }

    private func isEncoded(_ byte: UInt8) -> Bool { position == .query && byte >= 0x80 }

    private mutating func append(_ byte: UInt8, to encoded: inout ByteBuffer) {
        guard isEncoded(byte) || !character.isEmpty else {
            advance(byte)
            encoded.writeInteger(byte)
            return
        }
        character.append(byte)
        if String(validating: character, as: UTF8.self) != nil {
            for byte in character { encoded.writeString("%" + Hex.encode([byte])) }
            character = []
        } else if byte < 0x80 || character.count == 4 {
            // Not UTF-8. The decoder refuses the first of these bytes.
            encoded.writeBytes(character)
            character = []
            position = .end
        }
    }

    private mutating func advance(_ byte: UInt8) {
        let isLetter = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        switch position {
        // An empty line is not skipped, because it may be the end of the head of a pipelined request.
        case .start: position = isLetter ? .method : .end
        case .method: position = isLetter ? .method : byte == UInt8(ascii: " ") ? .target : .end
        case .target: position = byte == UInt8(ascii: "/") ? .path : .end
        case .path where byte == UInt8(ascii: "?"): position = .query
        case .path, .query: if byte == UInt8(ascii: " ") || Self.isLineBreak(byte) { position = .end }
        case .end: break
        }
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }
}
