import HTTPTypes
import NIOCore
import PontoonCore

/// Serialized HTTP responses that refuse a connection or a request, for channel handlers in front of the HTTP codec.
enum Refusal {
    /// Creates a response with `Connection: close`.
    ///
    /// The caller must close the connection after sending it.
    ///
    /// - Parameters:
    ///   - error: The refusal.
    ///   - allowedOrigin: The value of `Access-Control-Allow-Origin`, an origin or `*`; `nil` omits the header. It
    ///     cannot depend on the request's `Origin`, which is unknown.
    /// - Returns: The response, including its body.
    static func message(_ error: PontoonError, allowedOrigin: String?) -> ByteBuffer {
        let status = error.code.status
        let body = JSONWriter(ErrorBody(error)).buffer
        var message = ByteBuffer(string: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        message.writeString("Content-Type: application/json\r\nContent-Length: \(body.readableBytes)\r\n")
        if status == .serviceUnavailable { message.writeString("Retry-After: 1\r\n") }
        if let allowedOrigin { message.writeString("Access-Control-Allow-Origin: \(allowedOrigin)\r\n") }
        message.writeString("Connection: close\r\n\r\n")
        message.writeImmutableBuffer(body)
        return message
    }
}
