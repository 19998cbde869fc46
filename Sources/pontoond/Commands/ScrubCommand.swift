import ArgumentParser
import PontoonApp
import PontoonCore

struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Read stored objects again and compare them with their checksums. The server may be running.",
        discussion: """
            Prints a line for each object that is damaged or could not be checked, with the ids of its files. The exit \
            status is 0 if all checked objects are intact, and 1 otherwise. To resume an interrupted scrub, set \
            --older-than to the time that has passed since it began.
            """
    )

    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Option(.rate) var rate: GivenFlag?
    @Option(.olderThan) var olderThan: GivenFlag?
    @Argument(help: "Ids of the files to check, regardless of --older-than. Default: all objects")
    var files: [String] = []

    func run() async throws {
        try await Pontoond.run {
            let given = try GivenSettings(flags: stores.givenFlags + audit.givenFlags + givenFlags)
            let scrub = try StoreScrub(given) { Pontoond.print($0) }
            try await Pontoond.audit(try Settings(given)).recording(.scrub) { _ in
                let totals = try await scrub.run(files)
                Pontoond.print(
                    "\(totals.objects) objects checked (\(totals.bytes) bytes intact), "
                        + "\(totals.damaged) damaged, \(totals.failed) not checked."
                )
                guard totals.damaged + totals.failed == 0 else { throw ExitCode.failure }
            }
        }
    }
}
