import ArgumentParser
import PontoonClient

struct WhoamiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show the user of the token, the URL of the API, and the source of the token."
    )

    @OptionGroup var options: ListingOptions

    func run() async throws {
        try await runCommand(json: options.json) { [self] in
            let credentials = try options.common.credentials()
            return try await options.common.withClient { client in
                let user = try await client.user()
                let version = try await client.index().version
                options.printLine(
                    json: JSONLine("user").with("username", user.username).with("endpoint", client.endpoint.url)
                        .with("source", credentials.source).with("server_version", version),
                    columns: [user.username, client.endpoint.url, credentials.source, version],
                    text: "\(user.username)  \(client.endpoint.url)  token from \(credentials.source)"
                        + (version.map { "  Pontoon \($0)" } ?? "")
                )
                return .done
            }
        }
    }
}
