import ArgumentParser
import PontoonClient
import SystemPackage

/// The options for the messages of a transfer.
struct ReportArguments: ParsableArguments {
    @Flag(help: "Print no messages except warnings and errors. The output of --json is not affected.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "If standard error is not a terminal, print a progress line at this interval, such as 1m.",
            valueName: "time"
        )
    )
    var stats: AgeOption?

    @Option(
        help: ArgumentHelp("Also append all messages, with the time, to this file, even if --quiet omits them."),
        completion: .file()
    )
    var logFile: String?

    @Option(
        help: ArgumentHelp(
            "Time between updates of the display or 'progress' events, from 0.1s to 1h.",
            valueName: "time"
        )
    )
    var progressInterval = AgeOption(seconds: 0.2)

    func validate() throws {
        guard (0.1...3600).contains(progressInterval.seconds) else {
            throw ValidationError("--progress-interval must be from 0.1s to 1h.")
        }
        guard (1...86_400).contains(stats?.seconds ?? 1) else {
            throw ValidationError("--stats must be from 1s to 1d.")
        }
    }

    /// Opens the log file and applies `--quiet` to all messages that follow.
    ///
    /// - Throws: ``ClientError``, with code `.fileUnwritable` if the file cannot be opened, or `.requestInvalid` for a
    ///   log file with `--json`.
    func begin(json: Bool) throws {
        if json, logFile != nil {
            throw ClientError(
                .requestInvalid,
                "--log-file cannot be combined with --json, which prints events instead of messages.",
                advice: "Redirect standard output to the file instead."
            )
        }
        Output.standard.isQuiet = quiet
        if let logFile { try Output.standard.log(to: FilePath(logFile)) }
    }
}
