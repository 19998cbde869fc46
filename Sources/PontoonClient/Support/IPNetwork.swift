import NIOCore

/// An IPv4 or IPv6 address.
struct IPAddress: Hashable, Sendable {
    /// The 4 or 16 bytes of the address, in network byte order.
    let bytes: [UInt8]

    /// Parses an address such as `127.0.0.1` or `::1`, without brackets.
    init?(_ text: String) {
        do {
            switch try SocketAddress(ipAddress: text, port: 0) {
            // Reads the raw bytes. In IPv4, the address follows the family and the port. In IPv6, it also follows the
            // flow label.
            case .v4(let address): bytes = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
            case .v6(let address): bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
            case .unixDomainSocket: return nil
            }
        } catch {
            return nil
        }
    }
}

/// A range of addresses with the same first bits, such as `10.0.0.0/8`.
struct IPNetwork: Hashable, Sendable {
    private let address: IPAddress
    /// Number of leading bits that all addresses of the network share.
    private let prefix: Int

    /// Parses a network such as `10.0.0.0/8` or `fd00::/8`, or a single address, which may be in brackets.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let isBracketed = parts[0].hasPrefix("[") && parts[0].hasSuffix("]")
        guard let address = IPAddress(isBracketed ? String(parts[0].dropFirst().dropLast()) : parts[0]) else {
            return nil
        }
        let bits = address.bytes.count * 8
        guard let prefix = parts.count == 1 ? bits : Int(parts[1]), (0...bits).contains(prefix) else { return nil }
        (self.address, self.prefix) = (address, prefix)
    }

    /// Returns whether an address belongs to the network; `false` if one is IPv4 and the other IPv6.
    func contains(_ other: IPAddress) -> Bool {
        guard address.bytes.count == other.bytes.count else { return false }
        return (0..<prefix).allSatisfy { bit in
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return address.bytes[bit / 8] & mask == other.bytes[bit / 8] & mask
        }
    }
}
