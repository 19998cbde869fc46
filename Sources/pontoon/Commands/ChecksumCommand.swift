public import ArgumentParser
import PontoonFoundation
public import PontoonClient
import SystemPackage

struct ChecksumCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checksum",
        abstract: "Print the checksums of local files, as md5sum and sha256sum do.",
        discussion: """
            Folders are read with all of their subfolders. To check files against the output, use 'pontoon verify \
            --format', 'md5sum --check' or 'sha256sum --check'. With --format crc64nvme, the checksums are the same as \
            those that Pontoon stores.
            """
    )

    @Argument(help: "Files, folders and shell patterns.", completion: .file())
    var paths: [String]

    @Option(help: ArgumentHelp("Format of the output: md5sum, sha256sum or crc64nvme.", valueName: "format"))
    var format = ChecksumFormat.sha256sum

    @Option(help: ArgumentHelp("In folders, read only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("In folders, skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func run() async throws {
        try await runCommand(json: json) { [self] in
            let found = try await abandonable { [paths, include, exclude] in
                var selection = FileSelection()
                (selection.paths, selection.keepsTree) = (paths, true)
                (selection.include, selection.exclude) = (include, exclude)
                return try selection.resolve()
            }
            for warning in found.warnings { Output.standard.warn(warning, json: json) }
            var failures: [ExitStatus] = []
            try await LocalChecksums(format).compute(found.items) { item, result in
                switch result {
                case .success(let checksum): try await show(ChecksumList.Entry(path: item.source, checksum: checksum))
                case .failure(let error):
                    failures.append(ExitStatus(error))
                    show(item.source, error)
                }
            }
            return CommandEnd(
                ExitStatus(failures),
                counts: ["files": Int64(found.items.count), "failed": Int64(failures.count)]
            )
        }
    }

    private func show(_ entry: ChecksumList.Entry) async throws {
        if json {
            Output.standard.printLine(
                JSONLine("checksum").with("path", entry.path.string)
                    .with(format.algorithm.lowercased(), entry.checksum).text
            )
        } else if Terminal.isTerminal(.output) {
            Output.standard.printLine(String(decoding: ChecksumList.line(entry), as: UTF8.self))
        } else {
            // Write the bytes of a name unchanged, because it may not be valid UTF-8.
            try await Output.standard.write(ChecksumList.line(entry) + [UInt8(ascii: "\n")])
        }
    }

    private func show(_ path: FilePath, _ error: any Error) {
        if json {
            Output.standard.printLine(
                JSONLine("failed").with("path", path.string).with("code", errorCode(error)).with("message", "\(error)")
                    .text
            )
        } else {
            Output.standard.printMessage("pontoon: \(error)")
        }
    }
}

extension ChecksumFormat: ExpressibleByArgument {}
