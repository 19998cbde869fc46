import NIOCore
import NIOPosix
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The Unix socket on which the server listens.
enum UnixSocket {
    /// Checks that no process listens on a socket, because the server would replace the socket's file.
    ///
    /// - Throws: ``SettingError`` if a process listens on the socket, or if this cannot be determined.
    static func refuseIfInUse(_ path: String) async throws {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        do {
            let channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            try? await channel.close()
        } catch let error as IOError where [ENOENT, ECONNREFUSED, ENOTSOCK].contains(error.errnoCode) {
            // There is no socket, or no process listens on it. With any other error, a process may be listening.
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
