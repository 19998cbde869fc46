import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare files with a receipt or a checksum file.",
        discussion: """
            Without --format, local files and files on the server are compared with a receipt. With --format, local \
            files are compared with a checksum file that was written by md5sum, sha256sum or 'pontoon checksum'.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Receipt of 'pontoon upload' or 'pontoon download', or a checksum file.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Format of the checksum file: md5sum, sha256sum or crc64nvme.", valueName: "format"))
    var format: ChecksumFormat?

    @Option(
        help: ArgumentHelp(
            "Folder that contains the local files, under the names in the receipt or checksum file.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var root: String?

    @Flag(help: "Check only local files, without contacting the server.")
    var local = false

    @Flag(help: "Check only the files on the server.")
    var server = false

    @Flag(help: "Have the server read the stored files again and compare them with their checksums.")
    var deep = false

    func validate() throws {
        guard format == nil || !(server || deep) else {
            throw ValidationError(
                "--format cannot be combined with --server or --deep, because only local files are compared."
            )
        }
        guard root == nil || !server else {
            throw ValidationError("--root and --server cannot be combined, because --root applies to local files.")
        }
        guard !(local && deep) else {
            throw ValidationError("--local and --deep cannot be combined, because --deep checks files on the server.")
        }
        guard !(local && server) else {
            throw ValidationError("--local and --server cannot be combined. Without them, both copies are checked.")
        }
    }

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            if let format { return try await check(try ChecksumList(FilePath(file), format: format)) }
            let receipt = try Receipt(FilePath(file))
            if local { return try await check(receipt, nil) }
            return try await common.withClient { client in try await check(receipt, client) }
        }
    }

    private func check(_ receipt: Receipt, _ client: SevenBridgesClient?) async throws -> CommandEnd {
        var (failures, unread) = ([ExitStatus](), 0)
        try await receipt.check(
            locally: !server,
            in: root.map { FilePath($0) },
            client: client,
            acceptingEndpoint: common.connection.endpoint != nil,
            deep: deep
        ) { check in
            show(check)
            if !check.isGood { failures.append(Self.status([check.local, check.server].compactMap { $0 })) }
            if check.isGood, check.server != nil, check.serverVerifiedOn == nil { unread += 1 }
        }
        if !common.json {
            let good = receipt.files.count - failures.count
            Output.standard.printMessage("\(good) of \(receipt.files.count) files match the receipt.")
            if unread > 0, !deep {
                Output.standard.printMessage(
                    """
                    For \(unread) of the matching files, the server reports no check of the stored bytes since the \
                    upload. To request a check of all files, use --deep.
                    """
                )
            }
        }
        return CommandEnd(
            ExitStatus(failures),
            counts: ["files": Int64(receipt.files.count), "bad": Int64(failures.count)]
        )
    }

    private func check(_ list: ChecksumList) async throws -> CommandEnd {
        var failures: [ExitStatus] = []
        try await LocalChecksums.check(list, in: FilePath(root ?? "")) { entry, finding in
            let status = Self.status([finding])
            if status != .done { failures.append(status) }
            if common.json {
                Output.standard.printLine(
                    JSONLine(status == .done ? "good" : "bad").with("path", entry.path.string)
                        .with("local", Self.text(finding)).text
                )
            } else if status != .done, let text = Self.text(finding) {
                Output.standard.printLine("\(entry.path): \(text)")
            }
        }
        if !common.json {
            let good = list.entries.count - failures.count
            Output.standard.printMessage("\(good) of \(list.entries.count) files match '\(file)'.")
        }
        return CommandEnd(
            ExitStatus(failures),
            counts: ["files": Int64(list.entries.count), "bad": Int64(failures.count)]
        )
    }

    private func show(_ check: ReceiptCheck) {
        if common.json {
            Output.standard.printLine(
                JSONLine(check.isGood ? "good" : "bad").with("path", check.entry.path).with("name", check.entry.name)
                    .with("file_id", check.entry.fileID).with("local", Self.text(check.local))
                    .with("server", Self.text(check.server))
                    .with("verified_on", check.serverVerifiedOn?.formatted(.iso8601)).text
            )
        } else if !check.isGood {
            let ends = [("here", check.local), ("on the server", check.server)]
            let texts = ends.compactMap { name, finding in Self.text(finding).map { "\(name): \($0)" } }
            Output.standard.printLine("\(check.entry.path): \(texts.joined(separator: "; "))")
        }
    }

    private static func text(_ finding: ReceiptCheck.Finding?) -> String? {
        switch finding {
        case nil: nil
        case .same: "same"
        case .sameSize: "same length, no checksum"
        case .different(let reason): "different, \(reason)"
        case .missing: "missing"
        case .failed(let error): "\(error)"
        }
    }

    /// Returns the exit status for the findings about a file.
    ///
    /// Different content takes precedence over errors, and errors take precedence over missing files.
    private static func status(_ findings: [ReceiptCheck.Finding]) -> ExitStatus {
        for finding in findings { if case .different = finding { return .checksumsDiffer } }
        for finding in findings { if case .failed(let error) = finding { return ExitStatus(error) } }
        for finding in findings { if case .missing = finding { return .notFound } }
        return .done
    }
}
