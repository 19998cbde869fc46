import Foundation
import PontoonCore
public import SystemPackage

/// Finds files at the server, those below folders too, and where they go here.
public struct RemoteTree: Sendable {
    private let client: SevenBridgesClient

    /// Takes who to ask.
    public init(_ client: SevenBridgesClient) { self.client = client }

    /// The files of a file, a folder or a project.
    ///
    /// - Parameters:
    ///   - path: What is wanted.
    ///   - folder: Where a file goes under its own name, and a folder with its own; what is in a project goes there
    ///     directly, and so does what is in a folder when `isOnlyContents`.
    ///   - isOnlyContents: Whether a folder itself is left out.
    /// - Returns: The files, by name.
    /// - Throws: `.notFound`; `.fileUnsuitable` for names that would lead elsewhere; ``APIError``.
    public func items(
        _ path: RemotePath,
        into folder: FilePath,
        isOnlyContents: Bool = false
    ) async throws -> [DownloadItem] {
        guard let found = try await client.find(path) else {
            return try await items(in: try await client.place(path), below: [], into: folder)
        }
        guard found.isFolder else { return [try item(found, below: [], into: folder)] }
        let names = isOnlyContents ? [] : [found.name]
        return try await items(in: .folder(found.id), below: names, into: folder)
    }

    private func items(
        in place: UploadDestination,
        below names: [String],
        into folder: FilePath
    ) async throws -> [DownloadItem] {
        var items: [DownloadItem] = []
        var folders: [FileDetails] = []
        try await client.eachPage {
            try await client.files(in: place, offset: $0)
        } _: { page in
            folders += page.filter(\.isFolder)
            items += try page.filter { !$0.isFolder }.map { try item($0, below: names, into: folder) }
        }
        for next in folders {
            items += try await self.items(in: .folder(next.id), below: names + [next.name], into: folder)
        }
        return items
    }

    private func item(_ file: FileDetails, below names: [String], into folder: FilePath) throws -> DownloadItem {
        let path = names + [file.name]
        // Names are a stranger's: none may lead out of the folder.
        if let problem = path.lazy.compactMap({ FileName.problem(with: $0) }).first {
            throw ClientError(
                .fileUnsuitable,
                "'\(path.joined(separator: "/"))' cannot be a file here: \(problem)",
                advice: "Download it alone, by its id and with --output."
            )
        }
        let target = path.reduce(folder) { $0.appending($1) }
        return DownloadItem(file, remotePath: path.joined(separator: "/"), target: target)
    }
}
