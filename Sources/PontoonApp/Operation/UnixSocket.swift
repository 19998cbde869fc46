import NIOCore
import NIOPosix
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The Unix socket on which the server listens.
enum UnixSocket {
    /// Checks that no process accepts connections on a socket, because listening on it replaces the file.
    ///
    /// - Throws: ``SettingError`` if a process does, or if this cannot be determined.
    static func refuseIfInUse(_ path: String) async throws {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        do {
            let channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            try? await channel.close()
        } catch let error as IOError where [ENOENT, ECONNREFUSED, ENOTSOCK].contains(error.errnoCode) {
            // There is no socket, or no process listens on it. Any other error can also mean a busy process.
            return
        } catch let error as IOError {
            let reason = Errno(rawValue: error.errnoCode)
            throw SettingError(.listen, "cannot listen on unix:\(path): \(reason); choose another path with --listen")
        }
        throw SettingError(
            .listen,
            "cannot listen on unix:\(path): another process uses the socket; choose another path with --listen"
        )
    }
}
