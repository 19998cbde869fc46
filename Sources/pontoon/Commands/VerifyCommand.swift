import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

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

    @Flag(help: "Have the server read the stored files again and compare them with their checksums.")
    var deep = false

    func validate() throws {
        guard !(local && deep) else {
            throw ValidationError("--local and --deep cannot be combined: --deep checks the files on the server.")
        }
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

    private func check(_ receipt: Receipt, _ client: SevenBridgesClient?) async throws -> CommandEnd {
        var (failures, unread) = ([ExitStatus](), 0)
        try await receipt.check(locally: !server, client: client, deep: deep) { check in
            show(check)
            if !check.isGood { failures.append(Self.status(check)) }
            if check.isGood, check.server != nil, check.serverVerifiedOn == nil { unread += 1 }
        }
        if !common.json {
            let good = receipt.files.count - failures.count
            Output.standard.printMessage("\(good) of \(receipt.files.count) files match the receipt.")
            if unread > 0, !deep {
                Output.standard.printMessage(
                    "The server has not read \(unread) of them since their upload. To have it read all, use --deep."
                )
            }
        }
        return CommandEnd(
            ExitStatus(failures),
            counts: ["files": Int64(receipt.files.count), "bad": Int64(failures.count)]
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

    /// Returns the exit status for a failed check; different content takes precedence over errors and missing files.
    private static func status(_ check: ReceiptCheck) -> ExitStatus {
        let findings = [check.local, check.server].compactMap { $0 }
        for finding in findings { if case .different = finding { return .checksumsDiffer } }
        for finding in findings { if case .failed(let error) = finding { return ExitStatus(error) } }
        return .notFound
    }
}
