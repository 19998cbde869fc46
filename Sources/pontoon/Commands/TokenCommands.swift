import ArgumentParser
import PontoonFoundation
import PontoonClient

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "List, create and revoke your own tokens on a Pontoon server.",
        subcommands: [List.self, Create.self, Revoke.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: """
                List your tokens with id, scope, projects, expiry, last use and name. Tokens with more rights than the \
                token in use are omitted.
                """
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    var count = 0
                    try await client.eachPage {
                        try await client.tokens(offset: $0)
                    } _: { tokens in
                        count += tokens.count
                        for token in tokens { show(token) }
                    }
                    return CommandEnd(.done, counts: ["tokens": Int64(count)])
                }
            }
        }

        private func show(_ token: TokenDetails) {
            let expires = token.expires?.formatted(.iso8601)
            if common.json {
                Output.standard.printLine(
                    JSONLine("token").with("id", token.id).with("name", token.name).with("scope", token.scope)
                        .with("projects", token.projects ?? []).with("expires", expires)
                        .with("last_used", token.lastUsed).with("current", token.isCurrent).text
                )
            } else {
                let columns = [
                    token.id, token.scope, token.projects?.joined(separator: ",") ?? "all projects",
                    expires.map { "expires \($0)" } ?? "does not expire",
                    token.lastUsed.map { "used \($0)" } ?? "never used", token.isCurrent ? "(in use)" : nil, token.name,
                ]
                Output.standard.printLine(columns.compactMap { $0 }.joined(separator: "  "))
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Create a token for yourself and print it.",
            discussion: """
                The token is printed only once. By default, it has the scope, projects and expiry of the token in use. \
                It cannot have more rights or expire later.
                """
        )

        @OptionGroup var common: CommonOptions

        @Option(help: ArgumentHelp("Description of the token.", valueName: "text"))
        var name = ""

        @Option(help: ArgumentHelp("Scope of the token: full, read or upload.", valueName: "scope"))
        var scope: String?

        @Option(
            name: .customLong("project"),
            help: ArgumentHelp("Project, owner/project, to which the token is limited. Repeatable.", valueName: "id"),
            completion: .project
        )
        var projects: [String] = []

        @Option(help: ArgumentHelp("Lifetime of the token in days, from 1 to 10000.", valueName: "days"))
        var expires: Int?

        func validate() throws {
            guard expires.map({ (1...10_000).contains($0) }) ?? true else {
                throw ValidationError("--expires must be from 1 to 10000 days.")
            }
        }

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let token = try await client.createToken(
                        name: name,
                        scope: scope,
                        projects: projects.isEmpty ? nil : projects,
                        expires: expires.map { Date().addingTimeInterval(Double($0) * 86_400) }
                    )
                    let text = token.token?.value ?? ""
                    Output.standard.printLine(
                        common.json ? JSONLine("token").with("id", token.id).with("token", text).text : text
                    )
                    return .done
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Revoke one of your tokens, given its id."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "Id of the token.")
        var id: String

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    try await client.revokeToken(id)
                    return .done
                }
            }
        }
    }
}
