import PontoonClient
import SystemPackage

/// A download of a folder to standard output, as one tar archive.
struct StandardOutputArchive: Sendable {
    /// Id or path of the folder; `nil` for the root folder of the project.
    let path: String?
    let project: String?
    let options: DownloadOptions

    func run(_ common: CommonOptions, _ arguments: ReportArguments) async throws {
        try await runCommand(json: false) { [self] in
            try arguments.begin(json: false)
            return try await common.withClient(isTransfer: true) { client in
                let folder = try await folder(client)
                let report = TransferReport(
                    direction: .download,
                    json: false,
                    items: [folder],
                    detail: Terminal.isTerminal(.output) ? .problems : .all,
                    stats: arguments.stats
                )
                let results = try await Downloader(client, options: options).streamArchive(of: folder) { bytes in
                    try await Output.standard.write(bytes)
                } observe: {
                    await report.follow($0)
                }
                return report.finish(results)
            }
        }
    }

    private func folder(_ client: SevenBridgesClient) async throws -> DownloadItem {
        let text = path ?? project ?? ""
        let place = try path.map { try RemotePath($0, in: project) } ?? RemotePath(text)
        if let found = try await client.find(place) {
            guard found.isFolder else {
                throw ClientError(
                    .requestInvalid,
                    "'\(text)' is a file, not a folder.",
                    advice: "Download it without --tar."
                )
            }
            return DownloadItem(id: found.id, remotePath: text, target: "-")
        }
        guard case .path(let project, _) = place, let root = try await client.project(project).rootFolder else {
            throw ClientError(
                .responseUnreadable,
                "The server did not return the root folder of '\(text)'.",
                advice: "Specify a folder in the project."
            )
        }
        return DownloadItem(id: root, remotePath: text, target: "-")
    }
}
