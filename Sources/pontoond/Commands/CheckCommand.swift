import ArgumentParser
import PontoonApp
import PontoonCore

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the records with the stored objects, in both directions.",
        discussion: """
            Reports objects that are missing or have the wrong length, with the files that use them; stored objects and \
            uploads without a record (orphans); wrong counters of the storage that projects and users use; and damage \
            in an SQLite database. Compares lengths and reads no bytes of objects. The server may be running, except \
            with --repair, which needs the data directory exclusively.

            Exit status: 0 if no problem was found or remains, 1 if there are problems, 2 if the check was not possible.
            """
    )

    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Remove orphans and correct counters. Objects with a record are never removed") var repair = false

    func run() async throws {
        let isClean: Bool
        do {
            isClean = try await Pontoond.run {
                let settings = try Settings(try GivenSettings(flags: stores.givenFlags + audit.givenFlags))
                let check = Check(settings: settings, repairs: repair) { Pontoond.print($0) }
                guard repair else { return try await check.run() }
                return try await Pontoond.audit(settings).recording(.repair) { _ in try await check.run() }
            }
        } catch let code as ExitCode where code == .failure {
            throw ExitCode(2)
        }
        if !isClean { throw ExitCode(1) }
    }
}
