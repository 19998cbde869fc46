import HTTPTypes
import NIOCore
import PontoonCore

/// Serialized HTTP responses that refuse a connection or a request, for channel handlers in front of the HTTP codec.
enum Refusal {
    /// Creates a response with `Connection: close`; the caller must close the connection after sending it.
    ///
    /// - Parameters:
    ///   - error: The refusal.
    ///   - allowedOrigin: The origin whose pages may read the response, whatever the request's `Origin`, which is
    ///     unknown; `nil` if no page may read it.
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
