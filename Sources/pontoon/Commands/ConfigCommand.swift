import ArgumentParser
import Foundation
import Glibc
import PontoonClient
import SystemPackage

/// The commands `pontoon config …`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Write and show the profiles in ~/.sevenbridges/credentials.",
        subcommands: [Write.self, Show.self, Platforms.self],
        defaultSubcommand: Write.self
    )

    /// `pontoon config set`.
    struct Write: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Write a profile.",
            discussion: """
                The token is asked for, without showing it, or read from standard input when that is no terminal: it \
                is never an argument, which every user of this machine could read.
                """
        )

        @Option(help: ArgumentHelp("Section of the file.", valueName: "name"))
        var profile = "default"

        @Option(help: ArgumentHelp("Address of the API, or us, eu, cgc, cavatica, bdc, china.", valueName: "url"))
        var endpoint: String?

        func validate() throws {
            guard !profile.isEmpty, !profile.contains(where: { "[]\n".contains($0) }) else {
                throw ValidationError("'\(profile)' cannot be the name of a profile.")
            }
        }

        func run() async throws {
            try await running(json: false) { [self] in
                let endpoint = try Endpoint(
                    try endpoint ?? Self.ask("Address of the API, or us, eu, cgc, cavatica, bdc, china: ")
                )
                let token = try Self.askSecretly("Token (from the Developer page of the platform): ")
                guard !token.isEmpty, token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
                    throw ClientError(.requestInvalid, "That is no token.", advice: "Copy it whole, without blanks.")
                }
                let path = CredentialsFile.path(home: CommonOptions.homeFolder)
                try CredentialsFile.save(profile, endpoint: endpoint, token: AuthToken(token), to: path)
                Output.standard.note("Wrote the profile '\(profile)' to \(path). 'pontoon doctor' tries it.")
                return .done
            }
        }

        private static func ask(_ question: String) throws -> String {
            if isatty(STDIN_FILENO) == 1 { Output.standard.draw(question) }
            guard let line = readLine()?.trimmingCharacters(in: .whitespaces), !line.isEmpty else {
                throw ClientError(.requestInvalid, "No address was given.", advice: "Give it by --endpoint.")
            }
            return line
        }

        private static func askSecretly(_ question: String) throws -> String {
            var before = termios()
            let isTerminal = tcgetattr(STDIN_FILENO, &before) == 0
            if isTerminal {
                Output.standard.draw(question)
                var silent = before
                silent.c_lflag &= ~tcflag_t(ECHO)
                tcsetattr(STDIN_FILENO, TCSANOW, &silent)
            }
            defer {
                if isTerminal {
                    tcsetattr(STDIN_FILENO, TCSANOW, &before)
                    Output.standard.draw("\n")
                }
            }
            return readLine()?.trimmingCharacters(in: .whitespaces) ?? ""
        }
    }

    /// `pontoon config platforms`.
    struct Platforms: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "platforms",
            abstract: "Show the platforms with a short name."
        )

        func run() async throws {
            for platform in Endpoint.platforms {
                Output.standard.say("\(platform.name)  \(platform.url)  \(platform.title)")
            }
        }
    }

    /// `pontoon config show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show the profiles, their addresses, and whether they have a token."
        )

        @Flag(help: "Print one JSON object per line, for scripts.")
        var json = false

        func run() async throws {
            try await running(json: json) { [self] in
                let file = CredentialsFile(try CommonOptions.credentialsText() ?? "")
                for (name, profile) in file.profiles.sorted(by: { $0.key < $1.key }) {
                    let hasToken = profile.token != nil
                    let endpoint = profile.endpoint ?? "no api_endpoint"
                    Output.standard.say(
                        json
                            ? JSONLine("profile").with("profile", name).with("api_endpoint", profile.endpoint)
                                .with("has_token", hasToken).text
                            : "\(name)  \(endpoint)  \(hasToken ? "with" : "without") token"
                    )
                }
                return .done
            }
        }
    }
}
