import ArgumentParser
import PontoonClient
import SystemPackage

/// The options of downloads and synchronizations that select files, preview the run or list failed files.
struct ListArguments: ParsableArguments {
    @Option(help: ArgumentHelp("In folders, transfer only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("In folders, skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read paths from this file, or from standard input if it is '-'. Listed files keep their folders.",
            valueName: "file"
        )
    )
    var filesFrom: String?

    @Flag(
        name: [.customShort("0"), .customLong("from0")],
        help: "Paths in --files-from end with null characters, as printed by 'find -print0'. Default: detected."
    )
    var endsWithNull = false

    @Flag(help: "Print what would be done with each file, without changing anything.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Write the paths of failed files to this file, for use with --files-from.",
            valueName: "file"
        )
    )
    var failedTo: String?

    /// Reads the list given with `--files-from`.
    ///
    /// - Returns: The paths; `nil` if the option was not given.
    /// - Throws: ``ClientError`` with code `.fileUnreadable`; `CancellationError`.
    func listed() async throws -> [FilePath]? {
        guard let filesFrom else { return nil }
        return try await abandonable { [endsWithNull] in try PathList(file: filesFrom, endsWithNull: endsWithNull).paths
        }
    }
}
