import Foundation
import NIOCore

/// An address to listen on.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host name or IP address, without the brackets of an IPv6 address, and a TCP port from 0 to 65535; 0 selects a
    /// free port.
    case tcp(host: String, port: Int)
    /// The path of a Unix socket, at most 107 bytes long on Linux.
    case unix(path: String)

    /// Parses `HOST:PORT` or `unix:PATH`.
    ///
    /// Returns `nil` for any other text, and for a path that is too long for a socket.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, (try? SocketAddress(unixDomainSocketPath: path)) != nil else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        if host.isEmpty { return nil }
        self = .tcp(host: host, port: Int(port))
    }

    /// The address in the form that ``init(_:)`` parses.
    package var description: String {
        switch self {
        case .tcp(let host, let port): "\(Self.authority(host)):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The TCP port; `nil` for a Unix socket.
    package var port: Int? {
        if case .tcp(_, let port) = self { port } else { nil }
    }

    /// Whether only processes on the same machine can connect.
    var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .unix: true
        }
    }

    /// Returns a host as it is written in a URL, with the brackets of an IPv6 address.
    static func authority(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}
