import Foundation

/// Ports of 127.0.0.1 that nobody listens on.
package enum FreePort {
    /// Finds a port by chance.
    ///
    /// - Parameter range: Where to look; below those that the system gives to outgoing connections, so that it is still
    ///   free when its owner comes back to it.
    /// - Returns: The port.
    /// - Throws: ``ContractViolation`` when there is none.
    package static func find(in range: ClosedRange<Int>) throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: range)
            if isFree(port) { return port }
        }
        throw ContractViolation("there is no free port in \(range)")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
