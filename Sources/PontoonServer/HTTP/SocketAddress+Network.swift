import NIOCore
import PontoonCore

extension SocketAddress {
    /// The client's IPv4 address, or the 64-bit network of its IPv6 address as 16 hex digits, to which limits per
    /// client apply.
    ///
    /// Providers usually assign a whole IPv6 network to one customer. An IPv4 client of a socket that listens on `::`
    /// has an address such as `::ffff:192.0.2.1`, which is converted to IPv4.
    ///
    /// `nil` for a client of a Unix socket, which is usually a proxy for many clients.
    var network: String? {
        switch self {
        case .v4: return ipAddress
        case .v6(let address):
            // In the raw bytes, the address follows the family, the port and the flow label. The field `sin6_addr` is
            // not used, because it would need an import of a C module, and which one depends on the order in which the
            // compiler reads the files of this target.
            let bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
            if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) {
                return bytes[12...].map { String($0) }.joined(separator: ".")
            }
            return Hex.encode(bytes[..<8])
        case .unixDomainSocket: return nil
        }
    }
}
