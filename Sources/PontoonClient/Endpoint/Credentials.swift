import PontoonFoundation
public import SystemPackage

/// An API's URL and the token with which a user authenticates.
public struct Credentials: Sendable {
    /// URL of the API.
    public let endpoint: Endpoint
    /// The user's token.
    public let token: AuthToken
    /// The source of the credentials, as shown in messages, such as `profile 'default'` or `SB_AUTH_TOKEN`.
    public let source: String

    /// Creates credentials.
    ///
    /// - Parameters:
    ///   - endpoint: URL of the API.
    ///   - token: The user's token.
    ///   - source: The source of the credentials, as shown in messages.
    public init(endpoint: Endpoint, token: AuthToken, source: String) {
        self.endpoint = endpoint
        self.token = token
        self.source = source
    }

    /// Searches for credentials in the same order as the platform's own clients.
    ///
    /// Uses the first of these sources that is specified, or else the last one. If the source does not exist or is
    /// incomplete, an error is thrown instead of trying the next source.
    ///
    /// 1. The profile with the name `profile`.
    /// 2. The environment variables `SB_API_ENDPOINT` and `SB_AUTH_TOKEN`.
    /// 3. The profile that the environment variable `PONTOON_PROFILE` names. Only Pontoon supports this variable.
    /// 4. The profile `default`.
    ///
    /// Both variables of the second source must be set, because a profile that provides the other value could belong to
    /// a different server. `SB_AUTH_TOKEN` alone is accepted if `endpoint` is given. An empty variable counts as not
    /// set.
    ///
    /// - Parameters:
    ///   - profile: Name of the profile; `nil` to search the other sources.
    ///   - endpoint: URL or platform name that overrides the endpoint found with the token; `nil` to use that endpoint.
    ///   - environment: The process's environment variables.
    ///   - file: Text of `~/.sevenbridges/credentials`; `nil` if the file does not exist.
    /// - Returns: The credentials.
    /// - Throws: ``ClientError`` with code `.credentialsMissing` if the credentials are missing or incomplete, or if
    ///   the token contains invalid characters; with code `.endpointInvalid` if the URL is not valid.
    public static func find(
        profile: String?,
        endpoint: String?,
        environment: [String: String],
        file: String?
    ) throws(ClientError) -> Credentials {
        let profiles = CredentialsFile(file ?? "").profiles
        if profile == nil, let found = try fromEnvironment(environment, endpoint: endpoint) { return found }
        let name = profile ?? environment["PONTOON_PROFILE"]?.nonEmpty ?? "default"
        guard let found = profiles[name] else {
            let known = profiles.keys.sorted().joined(separator: ", ")
            throw missing(
                profiles.isEmpty
                    ? "No credentials found."
                    : "~/.sevenbridges/credentials has no profile '\(name)'. Existing profiles: \(known)."
            )
        }
        guard let token = found.token else { throw missing("The profile '\(name)' has no auth_token.") }
        guard let url = endpoint ?? found.endpoint else { throw missing("The profile '\(name)' has no api_endpoint.") }
        return try checked(Credentials(endpoint: try Endpoint(url), token: token, source: "profile '\(name)'"))
    }

    /// Returns the credentials in `SB_API_ENDPOINT` and `SB_AUTH_TOKEN`; `nil` if neither variable is set.
    ///
    /// - Throws: `.credentialsMissing` if only one variable is set, unless it is `SB_AUTH_TOKEN` and `endpoint` is not
    ///   `nil`, or if the token is not valid; `.endpointInvalid`.
    private static func fromEnvironment(
        _ environment: [String: String],
        endpoint: String?
    ) throws(ClientError) -> Credentials? {
        func value(_ name: String) -> String? {
            environment[name]?.trimmed.nonEmpty
        }
        guard let token = value("SB_AUTH_TOKEN") else {
            guard value("SB_API_ENDPOINT") == nil else {
                throw missing("SB_API_ENDPOINT is set, but SB_AUTH_TOKEN is not.")
            }
            return nil
        }
        guard let url = endpoint ?? value("SB_API_ENDPOINT") else {
            throw missing("SB_AUTH_TOKEN is set, but SB_API_ENDPOINT is not.")
        }
        return try checked(
            Credentials(endpoint: try Endpoint(url), token: AuthToken(token), source: "SB_AUTH_TOKEN")
        )
    }

    private static func checked(_ credentials: Credentials) throws(ClientError) -> Credentials {
        guard credentials.token.isValid else {
            throw ClientError(
                .credentialsMissing,
                "The token from \(credentials.source) is not valid: it is empty, or contains spaces, line breaks or "
                    + "characters other than ASCII.",
                advice: "Copy the whole token, without spaces or line breaks."
            )
        }
        return credentials
    }

    private static func missing(_ message: String) -> ClientError {
        ClientError(
            .credentialsMissing,
            message,
            advice: "Run 'pontoon config', or set both SB_API_ENDPOINT and SB_AUTH_TOKEN."
        )
    }
}

/// The contents of `~/.sevenbridges/credentials`, an INI file with one section per profile.
public struct CredentialsFile: Sendable {
    /// A section of the file.
    public struct Profile: Sendable {
        /// Value of `api_endpoint`; `nil` if the section does not set it.
        public var endpoint: String?
        /// Value of `auth_token`; `nil` if the section does not set it.
        public var token: AuthToken?
    }

    /// Profiles by name; names are case-sensitive.
    public private(set) var profiles: [String: Profile] = [:]

    /// Parses the text of a credentials file.
    ///
    /// A byte order mark is ignored. Unknown lines and keys are also ignored, as in the platform's own clients. If a
    /// key of a profile occurs more than once, the last value applies.
    public init(_ text: String) {
        var section: String?
        for line in text.withoutByteOrderMark.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                let name = line.dropFirst().dropLast().trimmed
                section = name
                profiles[name] = profiles[name] ?? Profile()
                continue
            }
            guard let section, let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let key = line[..<separator].trimmed.lowercased()
            let value = line[line.index(after: separator)...].trimmed
            switch key {
            case "api_endpoint": profiles[section]?.endpoint = value
            case "auth_token": profiles[section]?.token = AuthToken(value)
            default: break
            }
        }
    }

    /// Returns the path of the credentials file in a home directory.
    public static func path(home: FilePath) -> FilePath { home.appending(".sevenbridges/credentials") }
}
