import ArgumentParser
import PontoonClient
import SystemPackage

/// The command `pontoon verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare local files, files on the server, or both with a receipt."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "File written by 'pontoon upload --receipt' or 'pontoon download --receipt'.", completion: .file())
    var receipt: String

    @Flag(help: "Check only local files, without contacting the server.")
    var local = false

    @Flag(help: "Check only the files on the server.")
    var server = false

    func validate() throws {
        guard !(local && server) else {
            throw ValidationError("--local and --server cannot be combined. Without them, both copies are checked.")
        }
    }

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            let receipt = try Receipt(FilePath(receipt))
            if local { return try await check(receipt, nil) }
            return try await common.withClient { client in try await check(receipt, client) }
        }
    }

    private func check(_ receipt: Receipt, _ client: SevenBridgesClient?) async throws -> ExitStatus {
        var failures: [ExitStatus] = []
        try await receipt.check(locally: !server, client: client) { check in
            show(check)
            if !check.isGood { failures.append(Self.status(check)) }
        }
        if !common.json {
            let good = receipt.files.count - failures.count
            Output.standard.printMessage("\(good) of \(receipt.files.count) files match the receipt.")
        }
        return ExitStatus(failures)
    }

    private func show(_ check: ReceiptCheck) {
        if common.json {
            Output.standard.printLine(
                JSONLine(check.isGood ? "good" : "bad").with("path", check.entry.path).with("name", check.entry.name)
                    .with("file_id", check.entry.fileID).with("local", Self.text(check.local))
                    .with("server", Self.text(check.server)).text
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

    /// Returns the exit status for a failed check; different content takes precedence over errors and missing files.
    private static func status(_ check: ReceiptCheck) -> ExitStatus {
        let findings = [check.local, check.server].compactMap { $0 }
        for finding in findings { if case .different = finding { return .checksumsDiffer } }
        for finding in findings { if case .failed(let error) = finding { return ExitStatus(error) } }
        return .notFound
    }
}
