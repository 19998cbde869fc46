public import ArgumentParser
public import PontoonClient

/// Options shared by `pontoon upload` and `pontoon download`.
struct TransferArguments: ParsableArguments {
    @Flag(help: "Replace existing files that differ.")
    var overwrite = false

    @Flag(help: "Skip files whose name exists at the destination, even if the content differs.")
    var skipExisting = false

    @OptionGroup var basics: TransferBasics

    func validate() throws {
        guard !(overwrite && skipExisting) else {
            throw ValidationError("--overwrite and --skip-existing cannot be combined.")
        }
    }

    var traffic: TrafficArguments { basics.traffic }
    var receipt: String? { basics.receipt }
    var afterInterruption: String { basics.afterInterruption }

    var options: TransferOptions {
        var options = basics.options
        options.conflictPolicy = overwrite ? .overwrite : skipExisting ? .skip : .fail
        return options
    }
}

/// Options shared by `pontoon upload`, `pontoon download` and `pontoon sync`.
struct TransferBasics: ParsableArguments {
    @Flag(
        name: .customLong("no-mtime"),
        help: "Do not preserve modification times, which are kept in the metadata 'pontoon_mtime'."
    )
    var dropsTimes = false

    @OptionGroup var traffic: TrafficArguments

    @Flag(name: .customLong("no-resume"), help: "Start over instead of resuming an earlier run.")
    var startsOver = false

    @Option(
        help: ArgumentHelp(
            "Write a receipt with the files' checksums to this file, for 'pontoon verify'.",
            valueName: "file"
        )
    )
    var receipt: String?

    /// Advice to print after an interruption.
    var afterInterruption: String {
        startsOver
            ? "Run the same command again to transfer the missing files."
            : "Run the same command again to resume."
    }

    var options: TransferOptions {
        var options = TransferOptions()
        traffic.apply(to: &options)
        options.resumes = !startsOver
        options.keepsTimes = !dropsTimes
        return options
    }
}

/// The options that limit the connections, the memory and the bandwidth of a transfer.
struct TrafficArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Maximum number of parts or ranges in flight across all files, from 1 to 256, or 'auto'.",
            valueName: "n"
        )
    )
    var parallel = TransferOptions.Concurrency.automatic

    @Option(help: ArgumentHelp("Approximate memory limit of the process, such as 256M.", valueName: "bytes"))
    var maxMemory = ByteCount(bytes: 256 << 20)

    @Option(
        help: ArgumentHelp(
            "Total bandwidth limit in bytes per second, such as 10M, or a timetable such as '08:00,10M 19:00,off'.",
            valueName: "limit"
        )
    )
    var bwlimit: BandwidthOption?

    @OptionGroup var report: ReportArguments

    func apply(to options: inout TransferOptions) {
        options.concurrency = parallel
        options.maximumMemory = Int(maxMemory.bytes)
        options.bandwidth = bwlimit?.limit
        let interval = min(report.progressInterval.seconds, report.stats?.seconds ?? .infinity)
        options.progressInterval = .seconds(interval)
    }
}

extension TransferOptions.Concurrency: ExpressibleByArgument {
    /// Parses a number from 1 to 256, or `auto`.
    public init?(argument: String) {
        if argument == "auto" {
            self = .automatic
        } else if let number = Int(argument), (1...256).contains(number) {
            self = .fixed(number)
        } else {
            return nil
        }
    }

    /// The value as shown by `--help`.
    public var defaultValueDescription: String {
        switch self {
        case .automatic: "auto"
        case .fixed(let number): String(number)
        }
    }
}
