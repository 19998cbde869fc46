import ArgumentParser
import PontoonFoundation
import PontoonClient

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List files and folders with id, size, modification time and name.",
        discussion: """
            Paths may contain patterns as in .gitignore, such as 'owner/project/run*/**/*.bam'. A folder that matches \
            a pattern is listed itself, without its contents, as with 'ls -d'.
            """
    )

    @Argument(
        help: "Paths owner/project/folder, patterns, or ids. Without arguments, your projects are listed.",
        completion: .remotePath
    )
    var places: [String] = []

    @Flag(name: [.short, .long], help: "Include the contents of all subfolders.")
    var recursive = false

    @Flag(name: [.short, .long], help: "List folders themselves, not their contents.")
    var directory = false

    @OptionGroup(title: "Filters") var filters: FilterArguments
    @OptionGroup(title: "Connection and output") var options: ListingOptions

    func validate() throws {
        guard !(recursive && directory) else {
            throw ValidationError("--recursive and --directory cannot be combined.")
        }
        guard !places.isEmpty || !(recursive || directory || filters.isGiven) else {
            throw ValidationError("--recursive, --directory and filters require a path or id, such as owner/project.")
        }
    }

    func run() async throws {
        let depth: RemoteWalk.Depth = directory ? .starts : recursive ? .everything : .contents
        try await runCommand(json: options.json) { [self] in
            let filter = try filters.filter
            return try await options.common.withClient { client in
                guard !places.isEmpty else { return try await ProjectsCommand.list(nil, client, options) }
                var count = 0
                let failures = try await options.list(places, client, filter: filter, depth: depth) {
                    guard case .found(let entry) = $1 else { return }
                    count += 1
                    let isRelative = places.count == 1 && !$0.isPattern
                    options.show(entry, as: isRelative ? entry.names.joined(separator: "/") : entry.path)
                }
                return CommandEnd(ExitStatus(failures), counts: ["files": Int64(count)])
            }
        }
    }
}

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Print the paths of files and folders that meet conditions, in all subfolders.",
        discussion: """
            Entries must meet all conditions. --name follows the rules of .gitignore: '*.bam' matches in every folder, \
            and 'run1/*.bam' is relative to the given path. Conditions on size, age, tags or metadata match no folders.
            """
    )

    @Argument(help: "Paths owner/project/folder, patterns, or ids.", completion: .remotePath)
    var places: [String]

    @OptionGroup(title: "Conditions") var filters: FilterArguments
    @OptionGroup(title: "Connection and output") var options: ListingOptions

    func run() async throws {
        try await runCommand(json: options.json) { [self] in
            let filter = try filters.filter
            return try await options.common.withClient { client in
                var count = 0
                let failures = try await options.list(places, client, filter: filter, depth: .everything) {
                    guard case .found(let entry) = $1 else { return }
                    count += 1
                    options.show(entry, as: entry.path, text: entry.path)
                }
                return CommandEnd(ExitStatus(failures), counts: ["files": Int64(count)])
            }
        }
    }
}

extension ListingOptions {
    /// Prints a file or folder.
    ///
    /// - Parameters:
    ///   - entry: The file or folder.
    ///   - name: The name or path to print.
    ///   - text: The line to print in the `table` format; `nil` for a line with all columns.
    fileprivate func show(_ entry: RemoteWalk.Entry, as name: String, text: String? = nil) {
        let file = entry.file
        let time = file.modifiedOn?.formatted(.iso8601)
        printLine(
            json: JSONLine(file, named: name, path: entry.path),
            columns: [file.id, file.kind, file.size.map { String($0) }, time, name],
            text: text ?? Self.text(file, time, name)
        )
    }

    private static func text(_ file: FileDetails, _ time: String?, _ name: String) -> String {
        let size = file.isFolder ? "–" : file.size.map { ByteCount.text($0) } ?? "?"
        let columns = [file.id, size.leftPadded(11), time ?? "–"]
        let state = file.checksums?.state.flatMap { $0 == .verified ? nil : "  (\($0.rawValue))" } ?? ""
        return "\(columns.joined(separator: "  "))  \(name)\(file.isFolder ? "/" : "")\(state)"
    }
}

extension FileDetails {
    /// The kind of the entry, as printed in lists.
    var kind: String { isFolder ? "folder" : "file" }
}

extension JSONLine {
    /// Creates a `file` event for a file or folder in a list.
    init(_ file: FileDetails, named name: String, path: String) {
        self = JSONLine("file").with("id", file.id).with("name", name).with("path", path).with("type", file.kind)
            .with("size", file.size).with("modified_on", file.modifiedOn?.formatted(.iso8601)).with("tags", file.tags)
            .with("metadata", file.metadata).with("crc64nvme", file.checksums?.crc64nvme)
            .with("state", file.checksums?.state?.rawValue)
            .with("verified_on", file.checksums?.verifiedOn?.formatted(.iso8601))
    }
}

extension String {
    /// Returns the text, padded on the right with spaces to at least `width` characters.
    func rightPadded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// Returns the text, padded on the left with spaces to at least `width` characters.
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
