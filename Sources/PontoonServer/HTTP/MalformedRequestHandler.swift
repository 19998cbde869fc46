import HTTPTypes
import NIOCore
import NIOHTTPTypes
import PontoonCore

/// A channel handler that adds a JSON error body to Hummingbird's response to malformed HTTP, which has no body.
final class MalformedRequestHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private static let refusal = PontoonError(.badRequest, "The request is not well-formed HTTP.")
    /// The value of `Access-Control-Allow-Origin`, an origin or `*`; `nil` omits the header.
    ///
    /// Does not depend on the request's `Origin`, which is unknown.
    private let allowedOrigin: String?
    private let body = JSONWriter(ErrorBody(refusal)).buffer

    init(allowedOrigin: String?) { self.allowedOrigin = allowedOrigin }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentType] == nil
        else {
            context.write(data, promise: promise)
            return
        }
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(body.readableBytes)
        head.headerFields[.accessControlAllowOrigin] = allowedOrigin
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
    }
}
