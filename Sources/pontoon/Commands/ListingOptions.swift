import ArgumentParser
import PontoonFoundation
import PontoonClient

enum ListFormat: String, CaseIterable, ExpressibleByArgument {
    /// Columns separated by spaces, for people.
    case table
    /// Columns separated by tabs, without a header, with sizes in bytes.
    case tsv
    /// One JSON object per line.
    case json
}

/// Options of every command that can print a list in several formats.
struct ListingOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Format of the list: table, tsv or json (the same as --json).", valueName: "format"))
    var format: ListFormat?

    func validate() throws {
        guard !common.json || format == nil || format == .json else {
            throw ValidationError("--json and --format \(format?.rawValue ?? "") cannot be combined.")
        }
    }

    var json: Bool { common.json || format == .json }

    /// Prints an entry as one line, in the format that the options select.
    func printLine(
        json line: @autoclosure () -> JSONLine,
        columns: @autoclosure () -> [String?],
        text: @autoclosure () -> String
    ) {
        printLines(json: line(), columns: columns(), text: [text()])
    }

    /// Prints an entry, which may take several lines in the `table` format but takes one line in all other formats.
    func printLines(
        json line: @autoclosure () -> JSONLine,
        columns: @autoclosure () -> [String?],
        text: @autoclosure () -> [String]
    ) {
        switch json ? .json : format ?? .table {
        case .table: for line in text() { Output.standard.printLine(line) }
        case .tsv: Output.standard.printLine(columns: columns())
        case .json: Output.standard.printLine(line().text)
        }
    }

    /// Returns whether the arguments request JSON, even if they are otherwise invalid.
    static func requestJSON(_ arguments: [String]) -> Bool {
        arguments.contains("--json") || arguments.contains("--format=json")
            || zip(arguments, arguments.dropFirst()).contains { $0 == ("--format", "json") }
    }
}

extension ListingOptions {
    /// Lists the files and folders at each of the given places.
    ///
    /// - Parameters:
    ///   - places: Paths, ids or patterns.
    ///   - client: The client with which the places are listed.
    ///   - filter: The conditions that listed files and folders meet.
    ///   - depth: Which levels of folders to list.
    ///   - body: Called with the place and each step of listing it, except failures.
    /// - Returns: The exit statuses of the failures, which are printed.
    /// - Throws: An error of `body`; an error that prevents listing a place, if there are no other places or the error
    ///   would affect every request.
    func list(
        _ places: [String],
        _ client: SevenBridgesClient,
        filter: RemoteFilter,
        depth: RemoteWalk.Depth,
        _ body: (RemoteWalk.Start, RemoteWalk.Step) throws -> Void
    ) async throws -> [ExitStatus] {
        var failures: [ExitStatus] = []
        func list(_ place: String) async throws {
            let start = try await client.start(place)
            var walk = RemoteWalk(client, filter: filter, depth: depth)
            try await walk.walk(start) { step in
                if case .failed(let path, let error) = step {
                    printFailure(path, error, json: json)
                    failures.append(ExitStatus(error))
                } else {
                    try body(start, step)
                }
            }
            guard walk.hasMatched || !start.isPattern else {
                throw ClientError(.notFound, "No file or folder on the server matches '\(place)'.")
            }
        }
        if places.count == 1 {
            try await list(places[0])
            return failures
        }
        let failed = try await forEachArgument(places, json: json, list)
        return failures + failed
    }
}

/// The options of `pontoon ls`, `find` and `du` that select files and folders.
struct FilterArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "List only entries whose name or path matches this pattern. Repeatable.",
            valueName: "pattern"
        )
    )
    var name: [String] = []

    @Option(help: ArgumentHelp("List only files with one of these tags. Repeatable.", valueName: "tag"))
    var tag: [String] = []

    @Option(
        help: ArgumentHelp(
            "List only files with this metadata. Several values of a key are alternatives. Repeatable.",
            valueName: "key=value"
        )
    )
    var meta: [String] = []

    @Option(help: ArgumentHelp("List only files, or only folders.", valueName: "file|folder"))
    var type: RemoteFilter.Kind?

    @Option(help: ArgumentHelp("List only files of at least this length, such as 1M.", valueName: "bytes"))
    var minSize: ByteCount?

    @Option(help: ArgumentHelp("List only files of at most this length.", valueName: "bytes"))
    var maxSize: ByteCount?

    @Option(
        help: ArgumentHelp("List only files modified at least this long ago, such as 12h or 7d.", valueName: "time")
    )
    var minAge: AgeOption?

    @Option(help: ArgumentHelp("List only files modified at most this long ago.", valueName: "time"))
    var maxAge: AgeOption?

    func validate() throws {
        guard minSize?.bytes ?? 0 <= maxSize?.bytes ?? .max else {
            throw ValidationError("--min-size must not be greater than --max-size.")
        }
        guard minAge?.seconds ?? 0 <= maxAge?.seconds ?? .infinity else {
            throw ValidationError("--min-age must not be greater than --max-age.")
        }
    }

    /// Whether any condition is given.
    var isGiven: Bool {
        !name.isEmpty || !tag.isEmpty || !meta.isEmpty || type != nil || minSize != nil || maxSize != nil
            || minAge != nil || maxAge != nil
    }

    /// The filter, with ages relative to the current time.
    ///
    /// - Throws: ``ClientError`` if a pattern or a metadata pair is not valid.
    var filter: RemoteFilter {
        get throws {
            var filter = try RemoteFilter(names: name)
            filter.tags = tag
            for pair in meta {
                for (key, value) in try SelectionArguments.metadata([pair]) {
                    filter.metadata[key, default: []].append(value)
                }
            }
            filter.kind = type
            if minSize != nil || maxSize != nil { filter.size = (minSize?.bytes ?? 0)...(maxSize?.bytes ?? .max) }
            if minAge != nil || maxAge != nil {
                let now = Date.now
                let earliest = maxAge.map { now.addingTimeInterval(-$0.seconds) } ?? .distantPast
                let latest = minAge.map { now.addingTimeInterval(-$0.seconds) } ?? .distantFuture
                filter.modified = min(earliest, latest)...latest
            }
            return filter
        }
    }
}

extension RemoteFilter.Kind: ExpressibleByArgument {}
