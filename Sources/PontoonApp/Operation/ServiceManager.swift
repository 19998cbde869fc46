import Dispatch
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The service manager that started the process, such as systemd, to which the server reports its state.
///
/// Source: sd_notify(3). The protocol is one datagram per state, so no library is needed.
package struct ServiceManager: Sendable {
    /// Path of the manager's socket; a leading `@` stands for the zero byte of an abstract address.
    private let socketPath: String
    /// Time within which the manager expects a keep-alive message from this process; `nil` if it expects none.
    let watchdogTimeout: Duration?

    /// Maximum time for which sending may block, if the manager does not read.
    private static let sendTimeout = timeval(tv_sec: 1, tv_usec: 0)

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///
    /// - Returns: `nil` unless `NOTIFY_SOCKET` is the absolute or abstract address of a Unix socket.
    package init?(environment: [String: String]) {
        guard let path = environment["NOTIFY_SOCKET"], let first = path.first, first == "/" || first == "@",
            path.utf8.count > 1, path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        socketPath = path
        let isForThisProcess = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let timeout = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogTimeout = isForThisProcess ? timeout.map { .microseconds($0) } : nil
    }

    /// Reports that the server accepts connections, or that a reload has finished.
    func notifyReady() { send("READY=1") }

    /// Reports that a reload has started.
    func notifyReloading() {
        // On Linux, Dispatch reads CLOCK_MONOTONIC, as the manager expects.
        let microseconds = DispatchTime.now().uptimeNanoseconds / 1000
        send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    /// Reports that the server is shutting down.
    func notifyStopping() { send("STOPPING=1") }

    /// Sends the keep-alive message.
    func notifyAlive() { send("WATCHDOG=1") }

    /// Sends a state.
    ///
    /// Ignores errors, because the server does not depend on its manager.
    private func send(_ state: String) {
        #if os(Linux)
        let kind = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var timeout = Self.sendTimeout
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // The length must be exact, because an abstract address may contain zero bytes.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(state.utf8)
        withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, bytes, bytes.count, 0, address, length)
            }
        }
        #endif
    }
}
