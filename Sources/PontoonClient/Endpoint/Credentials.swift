import Foundation
public import SystemPackage

/// Where to call, and as whom.
public struct Credentials: Sendable {
    /// Address of the API.
    public let endpoint: Endpoint
    /// The caller's token.
    public let token: AuthToken
    /// Where they were found, in words: `profile 'default' of …` or `the environment`.
    public let source: String

    /// Joins the fields.
    public init(endpoint: Endpoint, token: AuthToken, source: String) {
        self.endpoint = endpoint
        self.token = token
        self.source = source
    }

    /// Finds credentials the way the platform's own clients do.
    ///
    /// A named profile wins over the environment (`SB_API_ENDPOINT`, `SB_AUTH_TOKEN`), which wins over the profile
    /// `default`; an endpoint that is given replaces the one that was found.
    ///
    /// - Parameters:
    ///   - profile: Section of the file; `nil` for the usual order.
    ///   - endpoint: URL or short name that replaces the found one.
    ///   - environment: The process's environment.
    ///   - file: Text of `~/.sevenbridges/credentials`; `nil` when there is none.
    /// - Returns: The credentials.
    /// - Throws: `.credentialsMissing`, `.endpointInvalid`.
    public static func find(
        profile: String?,
        endpoint: String?,
        environment: [String: String],
        file: String?
    ) throws(ClientError) -> Credentials {
        let profiles = CredentialsFile(file ?? "").profiles
        if profile == nil, let token = environment["SB_AUTH_TOKEN"], !token.isEmpty {
            guard let url = endpoint ?? environment["SB_API_ENDPOINT"].flatMap({ $0.isEmpty ? nil : $0 }) else {
                throw missing("SB_AUTH_TOKEN is set, SB_API_ENDPOINT is not.")
            }
            return Credentials(endpoint: try Endpoint(url), token: AuthToken(token), source: "the environment")
        }
        let name = profile ?? "default"
        guard let found = profiles[name] else {
            let known = profiles.keys.sorted().joined(separator: ", ")
            throw missing(
                profiles.isEmpty
                    ? "There are no credentials."
                    : "There is no profile '\(name)' in ~/.sevenbridges/credentials; it has: \(known)."
            )
        }
        guard let token = found.token else { throw missing("The profile '\(name)' has no auth_token.") }
        guard let url = endpoint ?? found.endpoint else { throw missing("The profile '\(name)' has no api_endpoint.") }
        return Credentials(endpoint: try Endpoint(url), token: token, source: "profile '\(name)'")
    }

    private static func missing(_ message: String) -> ClientError {
        ClientError(
            .credentialsMissing,
            message,
            advice: "Run 'pontoon config', or set SB_API_ENDPOINT and SB_AUTH_TOKEN."
        )
    }
}

/// `~/.sevenbridges/credentials`: sections in brackets, `key = value` below.
public struct CredentialsFile: Sendable {
    /// A section.
    public struct Profile: Sendable {
        /// `api_endpoint`.
        public var endpoint: String?
        /// `auth_token`.
        public var token: AuthToken?
    }

    /// The sections by name.
    public private(set) var profiles: [String: Profile] = [:]

    /// Reads the text; lines that say nothing to us are passed over, as the other clients do.
    public init(_ text: String) {
        var section: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                let name = line.dropFirst().dropLast().trimmingCharacters(in: .whitespaces)
                section = name
                profiles[name] = profiles[name] ?? Profile()
                continue
            }
            guard let section, let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let key = line[..<separator].trimmingCharacters(in: .whitespaces).lowercased()
            let value = line[line.index(after: separator)...].trimmingCharacters(in: .whitespaces)
            switch key {
            case "api_endpoint": profiles[section]?.endpoint = value
            case "auth_token": profiles[section]?.token = AuthToken(value)
            default: break
            }
        }
    }

    /// Where it lies for a user whose home folder this is.
    public static func path(home: FilePath) -> FilePath { home.appending(".sevenbridges/credentials") }
}
