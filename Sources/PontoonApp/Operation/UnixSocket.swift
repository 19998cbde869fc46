import NIOCore
import NIOPosix

/// The Unix socket on which the server listens.
enum UnixSocket {
    /// Checks that no process accepts connections on a socket, because listening on it replaces the file.
    ///
    /// - Throws: ``SettingError`` if a process does.
    static func refuseIfInUse(_ path: String) async throws {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        guard let channel = try? await bootstrap.connect(unixDomainSocketPath: path).get() else { return }
        try? await channel.close()
        throw SettingError(
            .listen,
            "cannot listen on unix:\(path): another process uses the socket; choose another path with --listen"
        )
    }
}
