import NIOCore

/// The value of a `Host` header: a host name or IP address, and optionally a port.
///
/// Source: RFC 9110, section 7.2. User information, percent-encoding and an empty port are refused.
package struct HostHeader: Hashable, Sendable {
    /// The host in lower case, without the brackets of an IPv6 address.
    package let name: String
    /// The port, 1 to 65535; `nil` if there is none.
    package let port: Int?

    /// Parses `host` or `host:port`; returns `nil` for any other text.
    package init?(_ text: String) {
        var rest = text[...]
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end].lowercased()
            // NIO also accepts a zone, such as `%eth0`, which has no meaning on other hosts, and ignores text after a
            // zero byte.
            let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
            guard name.contains(":"), name.utf8.allSatisfy(Self.isAddressByte), isAddress else { return nil }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            name = host.lowercased()
            rest = rest[host.endIndex...]
        }
        if rest.isEmpty {
            port = nil
        } else {
            let digits = rest.dropFirst()
            guard rest.first == ":", (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isDigit),
                let number = UInt16(digits), number > 0
            else { return nil }
            port = Int(number)
        }
    }

    /// Returns whether a byte may be part of an IPv6 address in lower case.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: ".")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Returns whether a byte may be part of a host name.
    ///
    /// Underscores are allowed, because they are common in container networks, although not in DNS host names.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
