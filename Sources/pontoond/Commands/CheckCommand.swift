import ArgumentParser
import PontoonApp
import PontoonCore

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the records with the stored objects, in both directions.",
        discussion: """
            Reports objects that are missing or have the wrong length, with the files that use them. Also reports \
            stored objects and uploads without a record (orphans), wrong usage counters of projects and users, and \
            damage in an SQLite database. Compares the lengths of objects without reading their bytes. The server may \
            be running. With --repair, stop the server first if it uses a data directory, that is, unless the metadata \
            is in PostgreSQL and the objects are in S3.

            Exit status: 0 if no problems were found or all were fixed, 1 if problems remain, 2 if the check was not \
            possible.
            """
    )

    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Remove orphans and correct counters. Objects that have a record are never removed") var repair = false

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
