import NIOCore

/// An IP address.
package enum NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(UInt32)
    case v6(UInt64, UInt64)

    /// Creates an address from its 4 or 16 bytes in network byte order; `nil` for any other number of bytes.
    package init?(bytes: some Collection<UInt8>) {
        func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self = .v4(UInt32(truncatingIfNeeded: number(bytes)))
        case 16: self = .v6(number(bytes.prefix(8)), number(bytes.dropFirst(8)))
        default: return nil
        }
    }

    /// Parses an IPv4 address such as `192.0.2.1`, or an IPv6 address such as `2001:db8::1`; `nil` for any other text.
    package init?(_ text: String) {
        guard text.utf8.count <= 45, !text.contains("%"),
            let address = try? SocketAddress(ipAddress: text, port: 0)
        else { return nil }
        // In the raw bytes, the address follows the family and the port and, for IPv6, the flow label.
        let bytes: [UInt8]
        switch address {
        case .v4(let address): bytes = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address): bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
        case .unixDomainSocket: return nil
        }
        self.init(bytes: bytes)
    }

    package var description: String {
        switch self {
        case .v4(let bits): [24, 16, 8, 0].map { String(bits >> $0 & 0xFF) }.joined(separator: ".")
        case .v6(let high, let low):
            [high, low].flatMap { half in [48, 32, 16, 0].map { String(half >> $0 & 0xFFFF, radix: 16) } }
                .joined(separator: ":")
        }
    }

    /// The IPv4 address that receives the packets sent to an IPv4-mapped address, or to an address with the NAT64
    /// prefix `64:ff9b::/96`; `nil` for all other addresses.
    ///
    /// Source: RFC 4291, section 2.5.5.2; RFC 6052, section 2.1.
    package var embedded: NetworkAddress? {
        guard case .v6(let high, let low) = self else { return nil }
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        let isTranslated = high == 0x0064_FF9B_0000_0000 && low >> 32 == 0
        return isMapped || isTranslated ? .v4(UInt32(truncatingIfNeeded: low)) : nil
    }
}

/// A range of IP addresses that share a prefix.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    private let address: NetworkAddress
    /// Length of the prefix in bits.
    private let length: Int

    /// Parses a network such as `10.0.0.0/8` or `fd00::/8`, or a single address.
    ///
    /// Returns `nil` for any other text, and if bits after the prefix are set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = NetworkAddress(String(parts[0])) else { return nil }
        let bits = if case .v4 = address { 32 } else { 128 }
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(parts[1]), number <= bits
            else { return nil }
            length = number
        }
        self.address = address
        self.length = length
        guard Self.prefix(of: address, length) == address else { return nil }
    }

    package func contains(_ other: NetworkAddress) -> Bool { Self.prefix(of: other, length) == address }

    package var description: String { "\(address)/\(length)" }

    /// Returns the address with all bits after a prefix set to 0.
    private static func prefix(of address: NetworkAddress, _ length: Int) -> NetworkAddress {
        // A shift by the width of the type or more results in 0. A negative shift would reverse the direction.
        switch address {
        case .v4(let bits): .v4(bits & (UInt32.max << (32 - min(length, 32))))
        case .v6(let high, let low):
            .v6(
                high & (UInt64.max << (64 - min(length, 64))),
                low & (UInt64.max << (64 - max(0, min(length - 64, 64))))
            )
        }
    }
}
