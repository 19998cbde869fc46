import ArgumentParser
import PontoonFoundation
import PontoonClient

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show the storage that you and your projects use on a Pontoon server, and your quotas.",
        discussion: """
            The first line is the total of all projects that you own. It is omitted if the token is limited to \
            projects. 'stored' is the size of the files, and 'reserved' is the size reserved for unfinished uploads. \
            The quota limits the sum of both.
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            try await common.withClient { client in
                try await client.eachPage { offset in
                    let page = try await client.usage(offset: offset)
                    if offset == 0, let usage = page.usage { show("user", page.user, usage) }
                    return page.projects
                } _: { projects in
                    for project in projects { show("project", project.id, project.usage) }
                }
                return .done
            }
        }
    }

    /// Prints the usage of a user or project.
    private func show(_ kind: String, _ name: String, _ usage: UsageDetails) {
        if common.json {
            return Output.standard.printLine(
                JSONLine(kind).with("id", name).with("stored_bytes", usage.storedBytes)
                    .with("reserved_bytes", usage.reservedBytes).with("files", usage.files)
                    .with("open_uploads", usage.openUploads).with("quota_bytes", usage.quota.bytes)
                    .with("quota_files", usage.quota.files).with("quota_open_uploads", usage.quota.openUploads).text
            )
        }
        func size(_ bytes: Int64?) -> String { bytes.map { ByteCount.text($0) } ?? "?" }
        func count(_ number: Int64?, of limit: Int64?, _ noun: String) -> String {
            let counted = number.map { "\($0) \(noun)\($0 == 1 ? "" : "s")" } ?? "? \(noun)s"
            return counted + (limit.map { " (quota \($0))" } ?? "")
        }
        let columns = [
            "\(kind) \(name)", "\(size(usage.storedBytes)) stored", "\(size(usage.reservedBytes)) reserved",
            usage.quota.bytes.map { "quota \(ByteCount.text($0))" } ?? "no quota",
            count(usage.files, of: usage.quota.files, "file"),
            count(usage.openUploads, of: usage.quota.openUploads, "unfinished upload"),
        ]
        Output.standard.printLine(columns.joined(separator: "  "))
    }
}
