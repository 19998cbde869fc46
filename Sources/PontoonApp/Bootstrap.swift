import PontoonCore
import PontoonMetadata
import PontoonServer

extension App {
    /// What became of the first user.
    package enum FirstUser: Sendable {
        case created
        case existed
        /// Nobody could be told a random token: the server has no data directory, and no token is set.
        case missing
    }

    /// The URL of the API for clients of a server that listens on a port.
    package func endpoint(port: Int) -> String { settings.server.publicURL?.api ?? localEndpoint(port: port) }

    /// The URL of the API at the address and port the server listens on, whatever proxy is in front of it.
    package func localEndpoint(port: Int) -> String {
        let host = settings.server.host
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v2"
    }

    /// The file with the first user's credentials; `nil` without a data directory.
    package var credentials: BootstrapCredentialsFile? {
        settings.folder.map { BootstrapCredentialsFile(in: $0) }
    }

    /// Creates the first user if the store is empty; if several servers start at once, one of them does.
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
