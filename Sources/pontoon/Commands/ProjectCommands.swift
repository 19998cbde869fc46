import ArgumentParser
import PontoonClient

struct ProjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "List, create, edit and delete projects.",
        subcommands: [List.self, Create.self, Edit.self, Remove.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List your projects, or show one of them with your permissions."
        )

        @OptionGroup var options: ListingOptions

        @Argument(help: ArgumentHelp("Project, owner/project.", valueName: "id"), completion: .project)
        var id: String?

        @Option(help: ArgumentHelp("List only projects that this user owns.", valueName: "name"))
        var owner: String?

        func run() async throws {
            try await runCommand(json: options.json) { [self] in
                try await options.common.withClient { client in
                    guard let id else { return try await ProjectsCommand.list(owner, client, options) }
                    show(try await client.project(id))
                    return CommandEnd(.done, counts: ["projects": 1])
                }
            }
        }

        private func show(_ project: ProjectDetails) {
            let granted = project.permissions?.granted ?? []
            options.printLine(
                json: JSONLine("project").with("id", project.id).with("name", project.name)
                    .with("description", project.description).with("tags", project.tags ?? [])
                    .with("permissions", granted),
                columns: [project.id, project.name, granted.joined(separator: "|")],
                text: "\(project.id)  \(project.name)  permissions: \(granted.joined(separator: ", "))"
            )
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Create a project and print its id."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "Name of the project, from which the server derives the id.")
        var name: String

        @Option(help: ArgumentHelp("Description of the project.", valueName: "text"))
        var description: String?

        @Option(help: ArgumentHelp("Tag of the project. Repeatable.", valueName: "tag"))
        var tag: [String] = []

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let project = try await client.createProject(name, description: description, tags: tag)
                    Output.standard.printLine(common.json ? event("created", project) : project.id)
                    return .done
                }
            }
        }
    }

    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit",
            abstract: "Change the name, description or tags of a project. Its id stays the same."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: ArgumentHelp("Project, owner/project.", valueName: "id"), completion: .project)
        var id: String

        @Option(help: ArgumentHelp("New name.", valueName: "name"))
        var name: String?

        @Option(help: ArgumentHelp("New description; may be empty.", valueName: "text"))
        var description: String?

        @Option(help: ArgumentHelp("New tag. All existing tags are replaced. Repeatable.", valueName: "tag"))
        var tag: [String] = []

        @Flag(help: "Remove all tags.")
        var noTags = false

        func validate() throws {
            guard name != nil || description != nil || !tag.isEmpty || noTags else {
                throw ValidationError("Pass --name, --description, --tag or --no-tags.")
            }
            guard tag.isEmpty || !noTags else { throw ValidationError("--tag and --no-tags cannot be combined.") }
        }

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let project = try await client.changeProject(
                        id,
                        name: name,
                        description: description,
                        tags: noTags || !tag.isEmpty ? tag : nil
                    )
                    Output.standard.printLine(
                        common.json ? event("changed", project) : "changed \(project.id)  \(project.name)"
                    )
                    return .done
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Delete projects, which must be empty unless --recursive is given."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: ArgumentHelp("Projects, owner/project.", valueName: "id"), completion: .project)
        var ids: [String]

        @Flag(name: [.short, .long], help: "Also delete projects that are not empty, with everything in them.")
        var recursive = false

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let failures = try await forEachArgument(ids, json: common.json) { id in
                        let project = try await client.project(id)
                        if !recursive, try await !client.files(in: .project(id), limit: 1).items.isEmpty {
                            throw ClientError(
                                .requestInvalid,
                                "'\(id)' contains files.",
                                advice: "Pass --recursive to delete the project with everything in it."
                            )
                        }
                        try await client.deleteProject(id)
                        Output.standard.printLine(
                            common.json ? event("removed", project) : "removed \(project.id)  \(project.name)"
                        )
                    }
                    return CommandEnd(
                        ExitStatus(failures),
                        counts: ["projects": Int64(ids.count), "failed": Int64(failures.count)]
                    )
                }
            }
        }
    }

    private static func event(_ event: String, _ project: ProjectDetails) -> String {
        JSONLine(event).with("id", project.id).with("name", project.name).text
    }

    /// Lists the projects of the token's user; if `owner` is not `nil`, only projects that this user owns.
    static func list(
        _ owner: String?,
        _ client: SevenBridgesClient,
        _ options: ListingOptions
    ) async throws -> CommandEnd {
        var count = 0
        try await client.eachPage {
            try await client.projects(owner: owner, offset: $0)
        } _: { projects in
            count += projects.count
            for project in projects {
                options.printLine(
                    json: JSONLine("project").with("id", project.id).with("name", project.name),
                    columns: [project.id, project.name],
                    text: "\(project.id)  \(project.name)"
                )
            }
        }
        return CommandEnd(.done, counts: ["projects": Int64(count)])
    }
}
