import Foundation
import Glibc
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// A socket like systemd's, which receives the states that a server reports to its service manager.
final class NotifySocket: Sendable {
    private let descriptor: FileDescriptor
    private let states = Mutex<[String]>([])

    private init(_ path: FilePath) throws {
        descriptor = FileDescriptor(
            rawValue: socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
        let isBound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound, "\(path): \(Errno(rawValue: errno))")
    }

    /// The states that have arrived so far, in order.
    ///
    /// Reading this property empties the system's queue of about ten states. A sender blocks while the queue is full.
    var received: [String] {
        states.withLock { states in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor.rawValue, &buffer, buffer.count, CInt(MSG_DONTWAIT))
                guard count > 0 else { return states }
                states.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
        }
    }

    /// Listens on a socket while a closure runs.
    ///
    /// - Parameters:
    ///   - path: Path of the socket.
    ///   - body: Receives the socket.
    /// - Throws: The error of the body, or an error if the socket cannot be created.
    static func with(_ path: FilePath, _ body: @Sendable (NotifySocket) async throws -> Void) async throws {
        let socket = try NotifySocket(path)
        defer { _ = try? socket.descriptor.close() }
        try await body(socket)
    }

    /// Waits until `count` states that start with `prefix` have arrived.
    func waitFor(_ count: Int, _ prefix: String) async throws {
        try await eventually("\(count) of '\(prefix)' in \(received)") {
            received.count { $0.hasPrefix(prefix) } >= count
        }
    }
}
