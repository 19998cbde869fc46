import PontoonCore
import PontoonMetadata
import PontoonServer

extension App {
    /// The result of creating the first user.
    package enum FirstUser: Sendable {
        case created
        case existed
        /// There is no user, and none was created, because the server has neither a configured token nor a data
        /// directory for a random one.
        case missing
    }

    /// Returns the URL of the API for clients: the public URL if it is configured, otherwise the server's own address.
    package func endpoint(port: Int) -> String { settings.server.publicURL?.api ?? localEndpoint(port: port) }

    /// Returns the URL of the API at the server's own address and port, regardless of any proxy.
    package func localEndpoint(port: Int) -> String {
        let host = settings.server.host
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v2"
    }

    /// The file with the first user's credentials; `nil` if there is no data directory.
    package var credentials: BootstrapCredentialsFile? {
        settings.folder.map { BootstrapCredentialsFile(in: $0) }
    }

    /// Creates the first user if none exists; if several servers start concurrently, only one of them does so.
    package func createFirstUser() async throws -> FirstUser {
        let token = settings.bootstrapToken
        if let credentials {
            let isCreated = try await useCases.accounts.bootstrap(token: token) { token in
                try credentials.write(endpoint: endpoint(port: settings.server.port), token: token)
            }
            return isCreated ? .created : .existed
        }
        if token != nil { return try await useCases.accounts.bootstrap(token: token) { _ in } ? .created : .existed }
        return try await stores.metadata.isEmpty() ? .missing : .existed
    }
}
