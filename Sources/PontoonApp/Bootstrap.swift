import Foundation
package import PontoonCore
import PontoonMetadata
import PontoonServer

extension App {
    /// The result of ``App/createFirstUser()``.
    package enum FirstUser: Sendable {
        case created
        case existed
        /// No user exists, and none was created.
        ///
        /// The server is read-only, or it has neither a configured token nor a data directory for a random one.
        case missing
    }

    /// Returns the endpoint for clients: at the public URL if one is set, otherwise at the listen address.
    ///
    /// For a Unix socket without a public URL, the host is `localhost`, as in `curl --unix-socket`.
    ///
    /// - Parameter port: The port on which the server listens, which may have been selected by the system.
    /// - Returns: The endpoint.
    package func endpoint(port: Int) -> String {
        if let url = settings.server.publicURL { return url.api }
        return (settings.server.localOrigin(port: port) ?? "http://localhost") + "/v2"
    }

    /// Returns the endpoint at the listen address, regardless of the public URL; for a Unix socket, its address.
    package func localEndpoint(port: Int) -> String {
        settings.server.localOrigin(port: port).map { $0 + "/v2" } ?? settings.server.listen.description
    }

    /// Returns the URL of the console; `nil` if the console is disabled, or its URL is unknown because the server
    /// listens on a Unix socket and has no public URL.
    package func consoleURL(port: Int) -> String? {
        settings.server.servesConsole ? settings.server.consoleURL(port: port) : nil
    }

    /// The file for the first user's credentials, which may not exist; `nil` if there is no data directory.
    package var credentials: BootstrapCredentialsFile? {
        settings.folder.map { BootstrapCredentialsFile(in: $0) }
    }

    /// Creates the first user with the configured token or a random one, if no user exists and the server is not
    /// read-only.
    ///
    /// If there is a data directory, the token is first written to the credentials file. Otherwise, a user is created
    /// only with a configured token. If several servers start at the same time, only one of them creates the user.
    ///
    /// - Throws: `Errno` if the credentials file cannot be written; an error if the metadata store is unavailable.
    package func createFirstUser() async throws -> FirstUser {
        let token = settings.bootstrapToken
        if settings.server.isReadOnly { return try await stores.metadata.isEmpty() ? .missing : .existed }
        if let credentials {
            let isCreated = try await useCases.accounts.bootstrap(token: token) { token in
                try credentials.write(endpoint: endpoint(port: settings.server.listen.port ?? 0), token: token)
            }
            return isCreated ? .created : .existed
        }
        if token != nil { return try await useCases.accounts.bootstrap(token: token) { _ in } ? .created : .existed }
        return try await stores.metadata.isEmpty() ? .missing : .existed
    }
}

extension Settings {
    /// Returns a link that signs in to the console with a token.
    ///
    /// The token is in the fragment, which browsers do not send to the server. The origin is `http://localhost` if the
    /// server listens on a Unix socket and has no public URL.
    package func signInLink(_ token: Secret) -> String {
        let origin = server.consoleURL(port: server.listen.port ?? 0) ?? "http://localhost"
        return "\(origin)/#token=\(PercentEncoding.component(token.value))"
    }
}
