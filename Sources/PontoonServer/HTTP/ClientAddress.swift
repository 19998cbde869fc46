import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

extension AppContext {
    /// Returns the client's address; see ``clientAddress(in:over:trustsProxy:)``.
    func clientAddress(of request: Request, trustsProxy: Bool) -> String {
        Self.clientAddress(in: request.headers, over: channel, trustsProxy: trustsProxy)
    }

    /// Returns the client's address.
    ///
    /// Behind a trusted proxy, this is the last address in `X-Forwarded-For`, which the proxy added. Without a trusted
    /// proxy or this header, it is the address of the connection, or `unknown` if the connection has none, such as on a
    /// Unix socket. The result is truncated to 64 characters.
    static func clientAddress(in headers: HTTPFields, over channel: any Channel, trustsProxy: Bool) -> String {
        let forwarded = trustsProxy ? headers[.forwardedFor]?.split(separator: ",").last : nil
        let address = forwarded?.trimmingCharacters(in: .whitespaces)
        return String((address ?? channel.remoteAddress?.ipAddress ?? "unknown").prefix(64))
    }

    /// Returns the name under which a client is counted: the network of its address (``SocketAddress/network``), or
    /// the address itself if it is not an IP address.
    static func network(ofAddress address: String) -> String {
        (try? SocketAddress(ipAddress: address, port: 0).network) ?? address
    }
}
