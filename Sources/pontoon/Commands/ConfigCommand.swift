import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Create and show profiles in ~/.sevenbridges/credentials.",
        subcommands: [Write.self, Show.self, Platforms.self],
        defaultSubcommand: Write.self
    )

    struct Write: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Create or replace a profile.",
            discussion: """
                The command prompts for the token without displaying it. If standard input is not a terminal, the \
                token is read from it without a prompt. A token cannot be passed as an argument, because other users \
                of this machine could see it.
                """
        )

        @Option(help: ArgumentHelp("Name of the profile.", valueName: "name"), completion: .profile)
        var profile = "default"

        @Option(
            help: ArgumentHelp("URL of the API, or a short name: us, eu, cgc, cavatica, bdc, china.", valueName: "url")
        )
        var endpoint: String?

        func validate() throws {
            guard !profile.isEmpty, !profile.contains(where: { "[]\n".contains($0) }) else {
                throw ValidationError("--profile must not be empty or contain '[', ']' or a line break.")
            }
        }

        func run() async throws {
            try await runCommand(json: false) { [self] in
                let url =
                    if let endpoint { endpoint } else {
                        try await Self.prompt("URL of the API, or us, eu, cgc, cavatica, bdc or china: ")
                    }
                let endpoint = try Endpoint(url)
                let token = try await Self.promptSecretly("Token (from the platform's Developer page): ")
                guard !token.isEmpty, token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
                    throw ClientError(
                        .requestInvalid,
                        "The token is empty or contains invalid characters.",
                        advice: "Copy the whole token, without spaces or line breaks."
                    )
                }
                let path = CredentialsFile.path(home: CommonOptions.homeDirectory)
                try CredentialsFile.save(profile, endpoint: endpoint, token: AuthToken(token), to: path)
                Output.standard.printMessage(
                    "Wrote the profile '\(profile)' to \(path). Check it with 'pontoon doctor'."
                )
                return .done
            }
        }

        private static func prompt(_ text: String) async throws -> String {
            let line = try await ask(text)
            guard !line.isEmpty else {
                throw ClientError(.requestInvalid, "No URL was entered.", advice: "Pass it with --endpoint.")
            }
            return line
        }

        private static func promptSecretly(_ text: String) async throws -> String {
            try await Terminal.withoutEcho {
                defer { if Terminal.isTerminal(.input) { Output.standard.write("\n", to: .error) } }
                return try await ask(text)
            }
        }

        /// Reads a line from standard input, with a prompt if standard input is a terminal.
        private static func ask(_ text: String) async throws -> String {
            if Terminal.isTerminal(.input) { Output.standard.write(text, to: .error) }
            let line = try await abandonable { try Terminal.readLine() }
            return line?.trimmed ?? ""
        }
    }

    struct Platforms: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "platforms",
            abstract: "List the short names of the platforms."
        )

        func run() async throws {
            try await runCommand(json: false) {
                for platform in Endpoint.platforms {
                    Output.standard.printLine("\(platform.name)  \(platform.url)  \(platform.title)")
                }
                return .done
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "List the profiles with their URLs, and whether each has a token."
        )

        @Flag(help: "Print one JSON object per line.")
        var json = false

        func run() async throws {
            try await runCommand(json: json) { [self] in
                let file = CredentialsFile(try CommonOptions.credentialsText() ?? "")
                for (name, profile) in file.profiles.sorted(by: { $0.key < $1.key }) {
                    let hasToken = profile.token != nil
                    let endpoint = profile.endpoint ?? "no api_endpoint"
                    Output.standard.printLine(
                        json
                            ? JSONLine("profile").with("profile", name).with("api_endpoint", profile.endpoint)
                                .with("has_token", hasToken).text
                            : "\(name)  \(endpoint)  \(hasToken ? "with" : "without") token"
                    )
                }
                return CommandEnd(.done, counts: ["profiles": Int64(file.profiles.count)])
            }
        }
    }
}
