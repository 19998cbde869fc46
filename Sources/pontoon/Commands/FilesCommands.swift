import ArgumentParser
import PontoonClient

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Delete, move, copy and tag files on the server, and edit their metadata.",
        discussion: "Specify a file by its id or by its path, owner/project/folder/file.",
        subcommands: [Remove.self, Move.self, Copy.self, Tag.self, Meta.self]
    )

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Delete files and folders.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files, and folders with --recursive, to delete.", completion: .remotePath)
        var files: [String]

        @Flag(name: [.short, .long], help: "Also delete folders, with everything in them.")
        var recursive = false

        func run() async throws {
            try await forEachFile(files, common) { client, file, text in
                guard !file.isFolder || recursive else {
                    throw ClientError(.requestInvalid, "'\(text)' is a folder.", advice: "Delete it with --recursive.")
                }
                var walk = FolderWalk()
                try await remove(file, client, depth: 1, &walk)
            }
        }

        private func remove(
            _ file: FileDetails,
            _ client: SevenBridgesClient,
            depth: Int,
            _ walk: inout FolderWalk
        ) async throws {
            if file.isFolder {
                try walk.enter(file, depth: depth)
                // Always request the first page, because deleted items disappear from the list.
                var removed: Set<String> = []
                while true {
                    let page = try await client.files(in: .folder(file.id))
                    if page.items.isEmpty { break }
                    // Without this check, the loop would not end if the server kept listing a deleted item.
                    guard page.items.allSatisfy({ removed.insert($0.id).inserted }) else {
                        throw ClientError(
                            .responseUnreadable,
                            "The server still lists deleted files in '\(file.name)'.",
                            advice: "Run the same command again."
                        )
                    }
                    try walk.found(page.items.count)
                    for item in page.items { try await remove(item, client, depth: depth + 1, &walk) }
                }
            }
            try await client.deleteFile(file.id)
            printResult("removed", file, json: common.json)
        }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mv",
            abstract: "Move a file or folder within its project, or rename it."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "File or folder to move.", completion: .remotePath)
        var file: String

        @Argument(
            help: "Destination folder, or a path whose last component is the new name.",
            completion: .remotePath
        )
        var target: String

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let source = try await client.existing(file)
                    let (place, name) = try await client.target(target)
                    let folder: String
                    switch place {
                    case .folder(let id): folder = id
                    case .project(let id):
                        guard let root = try await client.project(id).rootFolder else {
                            throw ClientError(
                                .requestInvalid,
                                "The server did not return the root folder of '\(id)'.",
                                advice: "Specify a folder in the project."
                            )
                        }
                        folder = root
                    }
                    let moved =
                        folder == source.parent
                        ? try await client.changeFile(source.id, name: name ?? source.name)
                        : try await client.moveFile(source.id, to: folder, name: name)
                    printResult("moved", moved, json: common.json)
                    return .done
                }
            }
        }
    }

    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cp",
            abstract: "Copy a file to a project or folder on the server, without transferring its bytes."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "File to copy.", completion: .remotePath)
        var file: String

        @Argument(
            help: "Destination project or folder, or a path whose last component is the new name.",
            completion: .remotePath
        )
        var target: String

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let source = try await client.existing(file)
                    let (place, name) = try await client.target(target)
                    let copy = try await client.copyFile(source.id, to: place, name: name)
                    printResult("copied", copy, json: common.json)
                    return .done
                }
            }
        }
    }

    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tag",
            abstract: "Add tags to files, and remove tags."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files to tag.", completion: .remotePath)
        var files: [String]

        @Option(help: ArgumentHelp("Tag to add. Repeatable.", valueName: "tag"))
        var add: [String] = []

        @Option(help: ArgumentHelp("Tag to remove. Repeatable.", valueName: "tag"))
        var remove: [String] = []

        func validate() throws {
            guard !add.isEmpty || !remove.isEmpty else { throw ValidationError("Pass --add or --remove.") }
        }

        func run() async throws {
            try await forEachFile(files, common) { client, file, _ in
                let kept = file.tags.filter { !remove.contains($0) }
                let tags = kept + add.filter { !kept.contains($0) }
                printResult("tagged", try await client.changeFile(file.id, tags: tags), json: common.json)
            }
        }
    }

    struct Meta: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "meta",
            abstract: "Set and remove metadata of files."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files whose metadata is to be changed.", completion: .remotePath)
        var files: [String]

        @Option(help: ArgumentHelp("Key and value to set. Repeatable.", valueName: "key=value"))
        var set: [String] = []

        @Option(help: ArgumentHelp("Key to remove. Repeatable.", valueName: "key"))
        var unset: [String] = []

        func validate() throws {
            guard !set.isEmpty || !unset.isEmpty else { throw ValidationError("Pass --set or --unset.") }
        }

        func run() async throws {
            try await forEachFile(files, common) { client, file, _ in
                var changes = try SelectionArguments.metadata(set).mapValues { $0 as String? }
                for key in unset { changes[key] = .some(nil) }
                try await client.changeMetadata(file.id, changes)
                printResult("labelled", file, json: common.json)
            }
        }
    }
}

/// Runs `body` for each of the given files, in order.
///
/// If one file fails, the command continues with the next file, unless the error would affect every request.
private func forEachFile(
    _ files: [String],
    _ common: CommonOptions,
    _ body: @escaping @Sendable (SevenBridgesClient, _ file: FileDetails, _ text: String) async throws -> Void
) async throws {
    try await runCommand(json: common.json) {
        try await common.withClient { client in
            let failures = try await forEachArgument(files, json: common.json) { text in
                try await body(client, try await client.existing(text), text)
            }
            return CommandEnd(
                ExitStatus(failures),
                counts: ["files": Int64(files.count), "failed": Int64(failures.count)]
            )
        }
    }
}

private func printResult(_ event: String, _ file: FileDetails, json: Bool) {
    let line = JSONLine(event).with("file_id", file.id).with("name", file.name)
    Output.standard.printLine(json ? line.text : "\(event) \(file.id)  \(file.name)")
}

extension SevenBridgesClient {
    /// Returns the file or folder with an id or path.
    ///
    /// - Throws: ``ClientError``, with code `.notFound` if a name in the path does not exist, or `.requestInvalid` for
    ///   a project or an invalid path; ``APIError``, with status 404 for an unknown project or id.
    fileprivate func existing(_ text: String) async throws -> FileDetails {
        guard let found = try await find(try RemotePath(text)) else {
            throw ClientError(
                .requestInvalid,
                "'\(text)' is a project, not a file.",
                advice: "Specify a file or folder."
            )
        }
        return found
    }

    /// Resolves a destination.
    ///
    /// - Returns: An existing project or folder, without a name; or, if the path does not exist, its parent and last
    ///   component.
    /// - Throws: ``ClientError``, ``APIError``.
    fileprivate func target(_ text: String) async throws -> (place: UploadDestination, name: String?) {
        let path = try RemotePath(text)
        do {
            return (try await place(path), nil)
        } catch let error as ClientError where error.code == .notFound {
            guard case .path(let project, let names) = path, let name = names.last else { throw error }
            return (try await place(.path(project: project, names: names.dropLast())), name)
        }
    }
}
