import Glibc
import PontoonCore
import SystemPackage

/// The addresses of this host's network interfaces.
enum HostAddresses {
    /// Returns the current addresses.
    ///
    /// Queries the kernel each time, because addresses change while the server runs.
    ///
    /// - Throws: `Errno` if the kernel does not report them, for example because a sandbox refuses netlink sockets.
    static func current() throws -> Set<NetworkAddress> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { throw Errno(rawValue: errno) }
        defer { freeifaddrs(list) }
        var (found, next) = (Set<NetworkAddress>(), list)
        while let entry = next {
            // Some interfaces have no address, or one of another family.
            if let pointer = entry.pointee.ifa_addr, let address = NetworkAddress(pointer) { found.insert(address) }
            next = entry.pointee.ifa_next
        }
        return found
    }
}

extension NetworkAddress {
    /// Reads the address in a socket address; returns `nil` unless it is an IPv4 or IPv6 address.
    ///
    /// - Parameter address: The socket address. Its memory must have the length that its family requires.
    init?(_ address: UnsafePointer<sockaddr>) {
        // The address follows the family and the port, and for IPv6 the flow label.
        let range: Range<Int>
        switch Int32(address.pointee.sa_family) {
        case AF_INET: range = 4..<8
        case AF_INET6: range = 8..<24
        default: return nil
        }
        self.init(bytes: UnsafeRawBufferPointer(start: address, count: range.upperBound)[range])
    }
}
