import ArgumentParser
import PontoonClient
import SystemPackage

/// The command `pontoon verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the files of a receipt with it: those here, those at the server, or both."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "What --receipt of 'pontoon upload' or 'pontoon download' wrote.", completion: .file())
    var receipt: String

    @Flag(help: "Only the files here; the server is not asked.")
    var local = false

    @Flag(help: "Only the files at the server.")
    var server = false

    func validate() throws {
        guard !(local && server) else { throw ValidationError("Give one of --local and --server, or none for both.") }
    }

    func run() async throws {
        try await running(json: common.json) { [self] in
            let receipt = try Receipt(FilePath(receipt))
            if local { return try await check(receipt, nil) }
            return try await common.withClient { client in try await check(receipt, client) }
        }
    }

    private func check(_ receipt: Receipt, _ client: SevenBridgesClient?) async throws -> Ending {
        var endings: [Ending] = []
        try await receipt.check(locally: !server, client: client) { check in
            show(check)
            if !check.isGood { endings.append(Self.ending(check)) }
        }
        if !common.json {
            let good = receipt.files.count - endings.count
            Output.standard.note("\(counted(good, "file")) of \(receipt.files.count) as the receipt says.")
        }
        return Ending(endings)
    }

    private func show(_ check: ReceiptCheck) {
        if common.json {
            Output.standard.say(
                JSONLine(check.isGood ? "good" : "bad").with("path", check.entry.path).with("name", check.entry.name)
                    .with("file_id", check.entry.fileID).with("local", Self.words(check.local))
                    .with("server", Self.words(check.server)).text
            )
        } else if !check.isGood {
            let ends = [("here", check.local), ("at the server", check.server)]
            let words = ends.compactMap { name, finding in Self.words(finding).map { "\(name): \($0)" } }
            Output.standard.say("\(check.entry.path): \(words.joined(separator: "; "))".printable)
        }
    }

    private static func words(_ finding: ReceiptCheck.Finding?) -> String? {
        switch finding {
        case nil: nil
        case .same: "same"
        case .sameSize: "same length, no checksum"
        case .different(let how): "different, \(how)"
        case .missing: "missing"
        case .failed(let error): "\(error)"
        }
    }

    /// Checksums that differ weigh most.
    private static func ending(_ check: ReceiptCheck) -> Ending {
        let findings = [check.local, check.server].compactMap { $0 }
        for finding in findings { if case .different = finding { return .checksumsDiffer } }
        for finding in findings { if case .failed(let error) = finding { return Ending(error) } }
        return .notFound
    }
}
