import ArgumentParser
import PontoonFoundation
import PontoonClient

struct StatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Show the properties of files and folders, including times, checksums, tags and metadata."
    )

    @Argument(help: "Paths owner/project/folder/file, patterns, or ids.", completion: .remotePath)
    var files: [String]

    @OptionGroup var options: ListingOptions

    func run() async throws {
        try await runCommand(json: options.json) { [self] in
            let filter = try RemoteFilter()
            return try await options.common.withClient { client in
                var count = 0
                let failures = try await options.list(files, client, filter: filter, depth: .starts) {
                    guard case .found(let entry) = $1 else { return }
                    show(entry.file, entry.path, isFirst: count == 0)
                    count += 1
                }
                return CommandEnd(ExitStatus(failures), counts: ["files": Int64(count)])
            }
        }
    }

    private func show(_ file: FileDetails, _ path: String, isFirst: Bool) {
        let checksums = file.checksums
        let (created, modified) = (file.createdOn?.formatted(.iso8601), file.modifiedOn?.formatted(.iso8601))
        let metadata = file.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let fields: [(name: String, value: String?)] = [
            ("Path", path), ("Id", file.id), ("Type", file.kind),
            ("Size", file.size.map { "\($0) (\(ByteCount.text($0)))" }),
            ("Project", file.project), ("Parent", file.parent), ("Created", created), ("Modified", modified),
            ("CRC-64/NVME", checksums?.crc64nvme), ("MD5", checksums?.md5), ("State", checksums?.state?.rawValue),
            ("Verified", checksums?.verifiedOn?.formatted(.iso8601)), ("Tags", file.tags.joined(separator: ", ")),
        ]
        options.printLines(
            json: JSONLine(file, named: file.name, path: path).with("project", file.project)
                .with("parent", file.parent).with("created_on", created).with("md5", checksums?.md5),
            columns: [
                file.id, file.kind, file.size.map { String($0) }, created, modified, checksums?.crc64nvme,
                checksums?.md5, checksums?.state?.rawValue, file.tags.joined(separator: "|"),
                metadata.joined(separator: "|"), path,
            ],
            text: (isFirst ? [] : [""])
                + (fields + metadata.map { ("Metadata", $0) }).compactMap { name, value in
                    value.flatMap { $0.isEmpty ? nil : "\(name):".rightPadded(13) + $0 }
                }
        )
    }
}
