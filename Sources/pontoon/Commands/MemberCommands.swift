import ArgumentParser
import PontoonClient
import PontoonCore

struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "List, add, change and remove members of a project.",
        discussion: """
            Permissions: read (view), copy (download and copy), write (upload, change and delete), execute (run tasks \
            on the platform) and admin (everything, including managing members). Every member has read.
            """,
        subcommands: [List.self, Add.self, Set.self, Remove.self]
    )

    /// The arguments that name a project and a user.
    struct MemberArguments: ParsableArguments {
        @Argument(help: ArgumentHelp("Project, owner/project.", valueName: "project"), completion: .project)
        var project: String

        @Argument(help: ArgumentHelp("User name.", valueName: "user"))
        var user: String
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List the members of a project and their permissions."
        )

        @OptionGroup var options: ListingOptions

        @Argument(help: ArgumentHelp("Project, owner/project.", valueName: "project"), completion: .project)
        var project: String

        func run() async throws {
            try await runCommand(json: options.json) { [self] in
                try await options.common.withClient { client in
                    var count = 0
                    try await client.eachPage {
                        try await client.members(of: project, offset: $0)
                    } _: { members in
                        count += members.count
                        for member in members { show(member) }
                    }
                    return CommandEnd(.done, counts: ["members": Int64(count)])
                }
            }
        }

        private func show(_ member: MemberDetails) {
            let granted = member.permissions?.granted ?? []
            options.printLine(
                json: JSONLine("member").with("username", member.username).with("permissions", granted),
                columns: [member.username, granted.joined(separator: "|")],
                text: "\(member.username)  \(granted.joined(separator: ", "))"
            )
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "add", abstract: "Add a user to a project.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var member: MemberArguments

        @Option(help: ArgumentHelp("Permissions, separated by commas, such as copy,write.", valueName: "list"))
        var permissions = PermissionList(permissions: [.read])

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let added = try await client.addMember(
                        member.user,
                        to: member.project,
                        permissions: permissions.permissions
                    )
                    printResult("added", member, added.permissions, json: common.json)
                    return .done
                }
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Replace the permissions of a member."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var member: MemberArguments

        @Option(help: ArgumentHelp("New permissions, separated by commas, such as copy,write.", valueName: "list"))
        var permissions: PermissionList

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let result = try await client.setPermissions(
                        of: member.user,
                        in: member.project,
                        permissions.permissions
                    )
                    printResult("changed", member, result, json: common.json)
                    return .done
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Remove a member from a project. The member's files stay."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var member: MemberArguments

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    try await client.removeMember(member.user, from: member.project)
                    printResult("removed", member, nil, json: common.json)
                    return .done
                }
            }
        }
    }

    private static func printResult(
        _ event: String,
        _ member: MemberArguments,
        _ permissions: ProjectDetails.Permissions?,
        json: Bool
    ) {
        let line = JSONLine(event).with("project", member.project).with("username", member.user)
        let granted = permissions?.granted
        let text = "\(event) \(member.user)" + (granted.map { "  \($0.joined(separator: ", "))" } ?? "")
        Output.standard.printLine(json ? (granted.map { line.with("permissions", $0) } ?? line).text : text)
    }
}

/// An argument that lists permissions, separated by commas; always includes `read`.
struct PermissionList: ExpressibleByArgument {
    let permissions: Swift.Set<Permission>

    var defaultValueDescription: String { permissions.map(\.rawValue).sorted().joined(separator: ",") }

    static var allValueStrings: [String] { Permission.allCases.map(\.rawValue) }

    init(permissions: Swift.Set<Permission>) { self.permissions = permissions }

    init?(argument: String) {
        var permissions: Swift.Set<Permission> = [.read]
        for name in argument.split(separator: ",") {
            guard let permission = Permission(rawValue: String(name)) else { return nil }
            permissions.insert(permission)
        }
        self.permissions = permissions
    }
}
