import ArgumentParser
import Foundation
import PontoonClient

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the files in a project or folder: id, size, modification time, name."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Path owner/project/folder, or the id of a folder. Default: list your projects.")
    var place: String?

    @Flag(name: [.short, .long], help: "Include the contents of all subfolders.")
    var recursive = false

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            try await common.withClient { client in
                guard let place else { return try await ProjectsCommand.list(nil, client, json: common.json) }
                let path = try RemotePath(place)
                if let found = try await client.find(path), !found.isFolder {
                    show(found, below: [])
                    return CommandEnd(.done, counts: ["files": 1])
                }
                var (walk, count) = (FolderWalk(), 0)
                try await list(try await client.place(path), below: [], client, &walk, &count)
                return CommandEnd(.done, counts: ["files": Int64(count)])
            }
        }
    }

    private func list(
        _ place: UploadDestination,
        below: [String],
        _ client: SevenBridgesClient,
        _ walk: inout FolderWalk,
        _ count: inout Int
    ) async throws {
        try await client.eachPage {
            try await client.files(in: place, offset: $0)
        } _: { files in
            count += files.count
            for file in files {
                show(file, below: below)
                guard recursive, file.isFolder else { continue }
                try walk.enter(file, depth: below.count + 1)
                try await list(.folder(file.id), below: below + [file.name], client, &walk, &count)
            }
        }
    }

    private func show(_ file: FileDetails, below: [String]) {
        let name = (below + [file.name]).joined(separator: "/")
        let time = file.modifiedOn?.formatted(.iso8601)
        if common.json {
            Output.standard.printLine(
                JSONLine("file").with("id", file.id).with("name", name).with("type", file.isFolder ? "folder" : "file")
                    .with("size", file.size).with("modified_on", time).with("tags", file.tags)
                    .with("crc64nvme", file.checksums?.crc64nvme).with("state", file.checksums?.state?.rawValue)
                    .with("verified_on", file.checksums?.verifiedOn?.formatted(.iso8601)).text
            )
        } else {
            let size = file.isFolder ? "–" : file.size.map { ByteCount.text($0) } ?? "?"
            let columns = [file.id, size.leftPadded(11), time ?? "–"]
            let state = file.checksums?.state.flatMap { $0 == .verified ? nil : "  (\($0.rawValue))" } ?? ""
            Output.standard.printLine(
                "\(columns.joined(separator: "  "))  \(name)\(file.isFolder ? "/" : "")\(state)"
            )
        }
    }
}

struct ProjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "List your projects, or show your permissions in one of them."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Project, owner/name.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("List only this user's projects.", valueName: "name"))
    var owner: String?

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            try await common.withClient { client in
                guard let id else { return try await Self.list(owner, client, json: common.json) }
                show(try await client.project(id))
                return CommandEnd(.done, counts: ["projects": 1])
            }
        }
    }

    private func show(_ project: ProjectDetails) {
        let permissions = [
            ("read", project.permissions?.read), ("copy", project.permissions?.copy),
            ("write", project.permissions?.write), ("admin", project.permissions?.admin),
        ]
        let granted = permissions.filter { $0.1 ?? false }.map(\.0)
        Output.standard.printLine(
            common.json
                ? JSONLine("project").with("id", project.id).with("name", project.name).with("permissions", granted)
                    .text
                : "\(project.id)  \(project.name)  permissions: \(granted.joined(separator: ", "))"
        )
    }

    static func list(_ owner: String?, _ client: SevenBridgesClient, json: Bool) async throws -> CommandEnd {
        var count = 0
        try await client.eachPage {
            try await client.projects(owner: owner, offset: $0)
        } _: { projects in
            count += projects.count
            for project in projects {
                Output.standard.printLine(
                    json
                        ? JSONLine("project").with("id", project.id).with("name", project.name).text
                        : "\(project.id)  \(project.name)"
                )
            }
        }
        return CommandEnd(.done, counts: ["projects": Int64(count)])
    }
}

extension String {
    /// Returns the text, padded on the left with spaces to at least `width` characters.
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
