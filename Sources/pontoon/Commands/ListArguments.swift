import ArgumentParser
import PontoonClient
import SystemPackage

/// The options of downloads and synchronizations that select files, and those that list the selected or failed files.
struct ListArguments: ParsableArguments {
    @Option(help: ArgumentHelp("In folders, only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("In folders, leave out files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read paths from this file; '-' is standard input. They keep their folders.",
            valueName: "file"
        )
    )
    var filesFrom: String?

    @Flag(
        name: [.customShort("0"), .customLong("from0")],
        help: "The paths in --files-from end with null characters, as from 'find -print0'. Default: detected."
    )
    var endsWithNull = false

    @Flag(help: "Print what would be done, without doing it.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Write the paths of failed files to this file, for --files-from.", valueName: "file")
    )
    var failedTo: String?

    /// Reads the paths in `--files-from`; `nil` if none is given.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnreadable`; `CancellationError`.
    func listed() async throws -> [FilePath]? {
        guard let filesFrom else { return nil }
        return try await abandonable { [endsWithNull] in try PathList(file: filesFrom, endsWithNull: endsWithNull).paths
        }
    }
}
