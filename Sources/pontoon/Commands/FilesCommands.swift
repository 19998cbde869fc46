import ArgumentParser
import PontoonClient

/// The commands `pontoon files …`.
struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Files at the server: remove, move, copy, label.",
        discussion: "A file is named by its id, or by owner/project and the names of the folders above it.",
        subcommands: [Remove.self, Move.self, Copy.self, Tag.self, Meta.self]
    )

    /// `pontoon files rm`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Delete files.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files and folders.")
        var files: [String]

        @Flag(name: [.short, .long], help: "Also folders, with all that is in them.")
        var recursive = false

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    for text in files {
                        let file = try await client.existing(text)
                        guard !file.isFolder || recursive else {
                            throw ClientError(.requestInvalid, "'\(text)' is a folder.", advice: "Use --recursive.")
                        }
                        try await remove(file, client)
                    }
                    return .done
                }
            }
        }

        private func remove(_ file: FileDetails, _ client: SevenBridgesClient) async throws {
            if file.isFolder {
                // From the beginning each time: what was deleted is not listed any more.
                while true {
                    let page = try await client.files(in: .folder(file.id))
                    if page.items.isEmpty { break }
                    for item in page.items { try await remove(item, client) }
                }
            }
            try await client.deleteFile(file.id)
            say("removed", file, json: common.json)
        }
    }

    /// `pontoon files mv`.
    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mv",
            abstract: "Move a file or folder into another folder of its project, or give it another name."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "File or folder.")
        var file: String

        @Argument(help: "Folder that gets it, or a path whose last name is new.")
        var target: String

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    let source = try await client.existing(file)
                    let (place, name) = try await client.target(target)
                    let folder: String
                    switch place {
                    case .folder(let id): folder = id
                    case .project(let id):
                        guard let root = try await client.project(id).rootFolder else {
                            throw ClientError(.requestInvalid, "The server does not tell the root folder of '\(id)'.")
                        }
                        folder = root
                    }
                    let moved =
                        folder == source.parent
                        ? try await client.changeFile(source.id, name: name ?? source.name)
                        : try await client.moveFile(source.id, to: folder, name: name)
                    say("moved", moved, json: common.json)
                    return .done
                }
            }
        }
    }

    /// `pontoon files cp`.
    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cp",
            abstract: "Copy a file into a project or folder; no bytes are sent."
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "File.")
        var file: String

        @Argument(help: "Project or folder that gets the copy, or a path whose last name is the copy's.")
        var target: String

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    let source = try await client.existing(file)
                    let (place, name) = try await client.target(target)
                    say("copied", try await client.copyFile(source.id, to: place, name: name), json: common.json)
                    return .done
                }
            }
        }
    }

    /// `pontoon files tag`.
    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "tag", abstract: "Add and remove tags.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files.")
        var files: [String]

        @Option(help: ArgumentHelp("Tag to add; may be repeated.", valueName: "tag"))
        var add: [String] = []

        @Option(help: ArgumentHelp("Tag to remove; may be repeated.", valueName: "tag"))
        var remove: [String] = []

        func validate() throws {
            guard !add.isEmpty || !remove.isEmpty else { throw ValidationError("Give --add or --remove.") }
        }

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    for text in files {
                        let file = try await client.existing(text)
                        let kept = file.tags.filter { !remove.contains($0) }
                        let tags = kept + add.filter { !kept.contains($0) }
                        say("tagged", try await client.changeFile(file.id, tags: tags), json: common.json)
                    }
                    return .done
                }
            }
        }
    }

    /// `pontoon files meta`.
    struct Meta: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "meta", abstract: "Set and remove metadata.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Files.")
        var files: [String]

        @Option(help: ArgumentHelp("Key and value to set; may be repeated.", valueName: "key=value"))
        var set: [String] = []

        @Option(help: ArgumentHelp("Key to remove; may be repeated.", valueName: "key"))
        var unset: [String] = []

        func validate() throws {
            guard !set.isEmpty || !unset.isEmpty else { throw ValidationError("Give --set or --unset.") }
        }

        func run() async throws {
            try await running(json: common.json) { [self] in
                var changes = try SelectionOptions.metadata(set).mapValues { $0 as String? }
                for key in unset { changes[key] = .some(nil) }
                return try await common.withClient { [changes] client in
                    for text in files {
                        let file = try await client.existing(text)
                        try await client.changeMetadata(file.id, changes)
                        say("labelled", file, json: common.json)
                    }
                    return .done
                }
            }
        }
    }
}

/// Says what was done to a file.
private func say(_ event: String, _ file: FileDetails, json: Bool) {
    let line = JSONLine(event).with("file_id", file.id).with("name", file.name)
    Output.standard.say(json ? line.text : "\(event) \(file.id)  \(file.name)".printable)
}

extension SevenBridgesClient {
    /// The file or folder that a user means; a project's root is neither.
    fileprivate func existing(_ text: String) async throws -> FileDetails {
        guard let found = try await find(try RemotePath(text)) else {
            throw ClientError(.requestInvalid, "'\(text)' is a project, not a file.")
        }
        return found
    }

    /// Where something is to go: a folder that is there, or a name that is not there yet in one.
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
