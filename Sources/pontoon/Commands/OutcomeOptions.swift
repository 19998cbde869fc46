import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// What is shown beforehand and kept afterwards.
struct OutcomeOptions: ParsableArguments {
    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Say how files would be cut into parts and why, and do nothing.")
    var explain = false

    @Option(help: ArgumentHelp("Write what was uploaded, with checksums, for 'pontoon verify'.", valueName: "file"))
    var receipt: String?

    @Option(help: ArgumentHelp("Write the paths that failed, one in a line, for --files-from.", valueName: "file"))
    var failedTo: String?

    /// Whether nothing is to be done.
    var isForecast: Bool { dryRun || explain }

    /// Writes paths, one in a line; blocks.
    static func write(_ results: [UploadResult], to path: String) throws {
        do {
            let lines = results.map { "\($0.item.source)\n" }.joined()
            try Data(lines.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ClientError(.fileUnwritable, "'\(path)' cannot be written: \(error.localizedDescription)")
        }
    }
}
