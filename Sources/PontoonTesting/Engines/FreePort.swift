import Foundation
import Synchronization

/// The error thrown if another process listens on a reserved port.
package struct AddressInUse: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Ports of 127.0.0.1 for servers that must know their port before they start, or keep it across restarts.
///
/// A lock file reserves a port until this process exits, so no other test process uses the port before the server binds
/// it or during a restart. The range is below the ports that the system assigns to outgoing connections.
package enum FreePort {
    private static let range = 10_100...31_900
    private static let locks = "/tmp/pontoon-test-ports"
    private static let held = Mutex<[Int32]>([])

    /// Reserves a port for this process.
    ///
    /// - Parameter companion: Distance to a second port that is also reserved; 0 for none.
    /// - Returns: The port.
    /// - Throws: ``ContractViolation`` if no port is free.
    package static func reserve(companion: Int = 0) throws -> Int {
        for _ in 0..<10_000 {
            let port = Int.random(in: range.lowerBound...range.upperBound - companion)
            let both = Set([port, port + companion])
            if both.allSatisfy(lock), both.allSatisfy(isFree) { return port }
        }
        throw ContractViolation("no port is free in \(range)")
    }

    /// Starts a server on a reserved port.
    ///
    /// If another process listens on the port, retries up to 10 times.
    ///
    /// - Parameter start: Reserves a port and starts the server; throws ``AddressInUse`` if the port is in use.
    /// - Returns: The server.
    /// - Throws: The error of the last attempt.
    package static func retrying<Server>(_ start: () async throws -> Server) async throws -> Server {
        for _ in 0..<10 {
            do { return try await start() } catch is AddressInUse {}
        }
        return try await start()
    }

    /// Locks the file of a port until this process exits; returns `false` if another process has locked it.
    private static func lock(_ port: Int) -> Bool {
        mkdir(locks, 0o777)
        chmod(locks, 0o777)
        let descriptor = open("\(locks)/\(port)", O_CREAT | O_RDWR | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { return false }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return false
        }
        held.withLock { $0.append(descriptor) }
        return true
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
