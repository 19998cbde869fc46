import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

extension AppContext {
    /// Returns the client's address: behind a trusted proxy, the last one in `X-Forwarded-For`, which the proxy adds.
    ///
    /// It has at most 64 characters, and is `unknown` if the connection has no address.
    func clientAddress(of request: Request, trustsProxy: Bool) -> String {
        let forwarded = trustsProxy ? request.headers[.forwardedFor]?.split(separator: ",").last : nil
        let address = forwarded?.trimmingCharacters(in: .whitespaces)
        return String((address ?? channel.remoteAddress?.ipAddress ?? "unknown").prefix(64))
    }

    /// Returns the name under which a client is counted: the network of its address (``SocketAddress/network``), or
    /// the address itself if it is not an IP address.
    static func network(ofAddress address: String) -> String {
        (try? SocketAddress(ipAddress: address, port: 0).network) ?? address
    }
}
