import PontoonFoundation
import PontoonCore
public import SystemPackage

/// A recursive listing of projects and folders on the server that assigns a local target to each file.
public struct RemoteTree: Sendable {
    private let client: SevenBridgesClient

    /// Creates a listing of projects and folders that the client can access.
    public init(_ client: SevenBridgesClient) { self.client = client }

    /// Lists a file, or all files in a folder or project and its subfolders.
    ///
    /// - Parameters:
    ///   - path: The file, folder or project.
    ///   - folder: The local folder that receives the files. The contents of a project are placed directly in it.
    ///   - isOnlyContents: Whether the contents of a remote folder are also placed directly in `folder`. If `false`,
    ///     they are placed in a subfolder with the remote folder's name.
    /// - Returns: The files, in the server's order. The files in a folder come before the files in its subfolders. An
    ///   item has a ``DownloadItem/problem`` if its path contains an invalid name, such as `..`, or if it stands for a
    ///   subfolder that the server refused to list.
    /// - Throws: ``ClientError``, with code `.notFound` if a name in the path does not exist, or `.responseUnreadable`
    ///   if the folder tree is too large or contains a cycle; ``APIError``, with status 404 for an unknown project or
    ///   id.
    public func items(
        _ path: RemotePath,
        into folder: FilePath,
        isOnlyContents: Bool = false
    ) async throws -> [DownloadItem] {
        var items: [DownloadItem] = []
        try await eachPage(path, into: folder, isOnlyContents: isOnlyContents) { items += $0 }
        return items
    }

    /// Lists the same files as ``items(_:into:isOnlyContents:)``, but page by page.
    ///
    /// - Throws: The same errors as ``items(_:into:isOnlyContents:)``; any error that `body` throws.
    func eachPage(
        _ path: RemotePath,
        into folder: FilePath,
        isOnlyContents: Bool = false,
        _ body: ([DownloadItem]) async throws -> Void
    ) async throws {
        guard let found = try await client.find(path) else {
            return try await eachPage(in: try await client.place(path), below: [], into: folder, body)
        }
        guard found.isFolder else { return try await body([item(found, below: [], into: folder)]) }
        try await eachPage(in: .folder(found.id), below: isOnlyContents ? [] : [found.name], into: folder, body)
    }

    /// Lists all files in a folder or project and its subfolders, page by page.
    ///
    /// - Parameters:
    ///   - place: The folder or project.
    ///   - names: Subfolders of `folder` that receive the files, outermost first.
    ///   - folder: The local folder.
    ///   - body: Processes the files of one page before the next page is requested.
    /// - Throws: The same errors as ``items(_:into:isOnlyContents:)``; any error that `body` throws.
    func eachPage(
        in place: UploadDestination,
        below names: [String],
        into folder: FilePath,
        _ body: ([DownloadItem]) async throws -> Void
    ) async throws {
        var walk = FolderWalk()
        try await eachPage(in: place, below: names, into: folder, &walk, body)
    }

    private func eachPage(
        in place: UploadDestination,
        below names: [String],
        into folder: FilePath,
        _ walk: inout FolderWalk,
        _ body: ([DownloadItem]) async throws -> Void
    ) async throws {
        var folders: [FileDetails] = []
        try await client.eachPage {
            try await client.files(in: place, offset: $0)
        } _: { page in
            try walk.found(page.count)
            folders += page.filter(\.isFolder)
            try await body(page.filter { !$0.isFolder }.map { item($0, below: names, into: folder) })
        }
        for next in folders {
            try walk.enter(next, depth: names.count + 1)
            let path = names + [next.name]
            do {
                try await eachPage(in: .folder(next.id), below: path, into: folder, &walk, body)
            } catch let error as APIError where !error.concernsEveryRequest {
                let target = path.reduce(folder) { $0.appending($1) }
                try await body([DownloadItem(failed: path.joined(separator: "/"), target: target, problem: error)])
            }
        }
    }

    /// Returns an item for a file whose target is below a local folder, in subfolders with the given names.
    ///
    /// The item has a ``DownloadItem/problem`` if the name of the file or of a subfolder is invalid.
    func item(_ file: FileDetails, below names: [String], into folder: FilePath) -> DownloadItem {
        let path = names + [file.name]
        let target = path.reduce(folder) { $0.appending($1) }
        var item = DownloadItem(file, remotePath: path.joined(separator: "/"), target: target)
        // Other users choose the names, so reject a name that leads outside the folder.
        if let problem = path.lazy.compactMap({ FileName.problem(with: $0) }).first {
            item.problem = ClientError(
                .fileUnsuitable,
                "'\(item.remotePath)' cannot be downloaded under its name: \(problem)",
                advice: "Download it by its id, with --output."
            )
        }
        return item
    }
}
