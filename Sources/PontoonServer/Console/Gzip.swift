import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

/// Gzip compression of content that is the same in all responses.
enum Gzip {
    /// Compresses content.
    ///
    /// NIO's compressor is a channel handler, so this function passes one request and one response through it in an
    /// in-memory channel.
    ///
    /// - Returns: The compressed content; `nil` if it is not shorter or compression fails.
    static func compress(_ content: ByteBuffer) -> ByteBuffer? {
        let channel = EmbeddedChannel()
        var compressed = ByteBuffer()
        do {
            try channel.pipeline.syncOperations.addHandler(HTTPResponseCompressor())
            var request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            request.headers.add(name: "Accept-Encoding", value: "gzip")
            try channel.writeInbound(HTTPServerRequestPart.head(request))
            try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
            try channel.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(content)))
            try channel.writeOutbound(HTTPServerResponsePart.end(nil))
            while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
                if case .head(let head) = part, head.headers.first(name: "Content-Encoding") != "gzip" { return nil }
                if case .body(.byteBuffer(let bytes)) = part { compressed.writeImmutableBuffer(bytes) }
            }
            _ = try channel.finish(acceptAlreadyClosed: true)
        } catch {
            return nil
        }
        return compressed.readableBytes < content.readableBytes ? compressed : nil
    }
}
