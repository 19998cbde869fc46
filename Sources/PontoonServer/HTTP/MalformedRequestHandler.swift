import Foundation
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import PontoonCore

/// Gives the answer to what is no HTTP a body like that of every other refusal; Hummingbird's own has none.
final class MalformedRequestHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let body: ByteBuffer

    init() throws {
        let code = PontoonError.Code.badRequest
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        body = ByteBuffer(
            bytes: try encoder.encode(
                ErrorBody(
                    status: code.status.code,
                    code: code.platformCode,
                    message: "The request is not well-formed HTTP."
                )
            )
        )
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentType] == nil
        else {
            context.write(data, promise: promise)
            return
        }
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(body.readableBytes)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
    }
}
