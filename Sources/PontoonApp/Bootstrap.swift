import PontoonCore
import PontoonMetadata
import PontoonServer

extension App {
    /// The result of creating the first user.
    package enum FirstUser: Sendable {
        case created
        case existed
        /// The store is empty, but the server has neither a configured token nor a data directory for a random one.
        case missing
    }

    /// The URL of the API for clients of a server that listens on a port.
    package func endpoint(port: Int) -> String { settings.server.publicURL?.api ?? localEndpoint(port: port) }

    /// The URL of the API at the server's own address and port, regardless of a proxy in front of it.
    package func localEndpoint(port: Int) -> String {
        let host = settings.server.host
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v2"
    }

    /// The file with the first user's credentials; `nil` without a data directory.
    package var credentials: BootstrapCredentialsFile? {
        settings.folder.map { BootstrapCredentialsFile(in: $0) }
    }

    /// Creates the first user if the store is empty; if several servers start concurrently, only one creates it.
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
