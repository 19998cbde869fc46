import ArgumentParser
import PontoonClient

struct MakeFolderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mkdir",
        abstract: """
            Create folders, including missing parent folders. Existing folders are not an error, as with 'mkdir -p'.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Paths owner/project/folder.", completion: .remotePath)
    var folders: [String]

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            try await common.withClient { client in
                let failures = try await forEachArgument(folders, json: common.json) { text in
                    let path = try RemotePath(text)
                    guard case .path(_, let names) = path, !names.isEmpty else {
                        throw ClientError(
                            .requestInvalid,
                            "'\(text)' is not the path of a folder.",
                            advice: "Use a path such as owner/project/folder."
                        )
                    }
                    let (place, missing) = try await client.existingPart(of: path)
                    if case .folder(let id) = try await client.createFolders(missing, in: place) {
                        show(missing.isEmpty ? "exists" : "created", id, "\(path)")
                    }
                }
                return CommandEnd(
                    ExitStatus(failures),
                    counts: ["folders": Int64(folders.count), "failed": Int64(failures.count)]
                )
            }
        }
    }

    private func show(_ event: String, _ id: String, _ path: String) {
        let line = JSONLine(event).with("id", id).with("path", path)
        Output.standard.printLine(common.json ? line.text : "\(event) \(id)  \(path)")
    }
}
