import Foundation
import NIOPosix
import PontoonCore
public import SystemPackage

/// A comparison of a local folder with a project or folder on the server, file by file.
public struct TreeComparison: Sendable {
    /// The result of comparing the two copies of a file.
    public enum Finding: Sendable {
        /// The checksums match.
        case same
        /// The lengths match, but no checksums were compared: the server provides none, or local files are not read.
        case sameSize
        /// The files differ; the text describes how.
        case different(String)
        /// The file exists only in the local folder.
        case onlyHere
        /// The file exists only on the server.
        case onlyThere
        /// The files could not be compared.
        case failed(any Error)
        /// The local file or folder, or the folder that contains it, was skipped; the text gives the reason.
        case skipped(String)
    }

    /// The result of the comparison for one path, where a file exists locally, on the server, or in both places.
    public struct Entry: Sendable {
        /// Path relative to the compared folders, separated by slashes.
        public let name: String
        /// Path of the local file; `nil` if there is none.
        public let path: FilePath?
        /// Id of the file on the server; `nil` if there is none.
        public let fileID: String?
        /// The result of comparing the two copies.
        public let finding: Finding

        /// Whether both copies exist and no difference was found.
        public var isSame: Bool {
            switch finding {
            case .same, .sameSize: true
            case .different, .onlyHere, .onlyThere, .failed, .skipped: false
            }
        }
    }

    private struct Pair: Sendable {
        var local: FilePath?
        var remote: DownloadItem?
        /// The result if it is known without a comparison.
        var finding: Finding?
    }

    private let client: SevenBridgesClient
    private let readsFiles: Bool
    /// Patterns that select the compared files, as in ``FileSelection/include``.
    public var include: [String] = []
    /// Patterns that exclude files and folders, as in ``FileSelection/exclude``.
    public var exclude: [String] = []

    /// Creates a comparison.
    ///
    /// - Parameters:
    ///   - client: Client for the files on the server.
    ///   - readsFiles: Whether to read local files and compare checksums, not only names and lengths.
    public init(_ client: SevenBridgesClient, readsFiles: Bool = true) {
        self.client = client
        self.readsFiles = readsFiles
    }

    /// Compares a local folder with a project or folder on the server.
    ///
    /// - Parameters:
    ///   - folder: The local folder.
    ///   - remote: The project or folder on the server.
    ///   - body: Called with each result, in byte order of the names.
    /// - Returns: Warnings about patterns that matched nothing.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if `folder` or `remote` is a file or a pattern cannot match,
    ///   or `.notFound` if `folder` or a name in the path `remote` does not exist; ``APIError``, with status 404 for an
    ///   unknown project or id; `CancellationError`.
    public func compare(
        _ folder: FilePath,
        with remote: RemotePath,
        _ body: (Entry) -> Void
    ) async throws -> [String] {
        try Self.checkFolder(folder)
        if let found = try await client.find(remote), !found.isFolder { throw Self.isFile("\(remote)") }
        let local = try await localFiles(folder)
        var pairs = local.pairs
        var filter = local.filter
        for item in try await RemoteTree(client).items(remote, into: folder, isOnlyContents: true) {
            guard filter.selects(item.remotePath.split(separator: "/").map(String.init)) else { continue }
            var pair = pairs[ByteExactString(item.remotePath)] ?? Pair()
            pair.remote = item
            if let problem = item.problem { pair.finding = .failed(problem) }
            pairs[ByteExactString(item.remotePath)] = pair
        }
        Self.skipContents(&pairs)
        let sorted = pairs.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        try await forEachInOrder(sorted, limit: 8) { path, pair in
            try await entry(String(decoding: path.bytes, as: UTF8.self), pair)
        } _: {
            body($0)
        }
        return filter.warnings
    }

    /// Finds the local files, and the entries that cannot be compared.
    private func localFiles(_ folder: FilePath) async throws -> (pairs: [ByteExactString: Pair], filter: PathFilter) {
        var selection = FileSelection()
        // The trailing slash selects the folder's contents.
        selection.paths = [folder.string + "/"]
        selection.keepsTree = true
        selection.include = include
        selection.exclude = exclude
        let found = try await NIOThreadPool.singleton.runIfActive { [selection] in try selection.find() }
        var pairs: [ByteExactString: Pair] = [:]
        for item in found.items {
            if let problem = item.problem, item.source == folder { throw problem }
            pairs[ByteExactString(item.remotePath)] = Pair(
                local: item.source,
                finding: item.problem.map { .failed($0) }
            )
        }
        for skipped in found.skipped {
            pairs[ByteExactString(skipped.remotePath)] = Pair(
                local: skipped.path,
                finding: .skipped("it \(skipped.reason)")
            )
        }
        return (pairs, found.filter)
    }

    /// Sets the result of the files in folders that were not read, here or on the server.
    private static func skipContents(_ pairs: inout [ByteExactString: Pair]) {
        let unread = Set(pairs.filter { $0.value.finding != nil }.keys)
        guard !unread.isEmpty else { return }
        for (path, pair) in pairs where pair.finding == nil {
            let names = String(decoding: path.bytes, as: UTF8.self).split(separator: "/").map(String.init)
            guard FolderPath(names.dropLast()).withParents.contains(where: { unread.contains($0.text) }) else {
                continue
            }
            pairs[path]?.finding = .skipped("its folder was not read")
        }
    }

    private func entry(_ name: String, _ pair: Pair) async throws -> Entry {
        try Task.checkCancellation()
        let finding: Finding
        switch (pair.finding, pair.local, pair.remote) {
        case (let known?, _, _): finding = known
        case (nil, nil, _): finding = .onlyThere
        case (nil, _, nil): finding = .onlyHere
        case (nil, let path?, let remote?):
            do {
                finding = try await compare(path, remote)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                finding = .failed(error)
            }
        }
        return Entry(name: name, path: pair.local, fileID: pair.remote?.id, finding: finding)
    }

    private func compare(_ path: FilePath, _ listed: DownloadItem) async throws -> Finding {
        var remote = listed
        if remote.size == nil {
            // Some servers omit the size in lists.
            let details = try await client.file(listed.id)
            remote = DownloadItem(details, remotePath: listed.remotePath, target: listed.target)
        }
        if let damage = remote.damage { return .different(damage) }
        return try await NIOThreadPool.singleton.runIfActive { [remote, readsFiles] in
            let file = try SourceFile(path)
            defer { file.closeAfterReading() }
            return try Self.compare(file, remote, readsFiles: readsFiles)
        }
    }

    private static func compare(_ file: SourceFile, _ remote: DownloadItem, readsFiles: Bool) throws -> Finding {
        guard file.facts.size == remote.size else {
            let size = remote.size.map { "\($0) bytes" } ?? "unknown"
            return .different("its length is \(file.facts.size) bytes here and \(size) on the server")
        }
        guard readsFiles, let expected = remote.crc64nvme?.lowercased() else { return .sameSize }
        let crc64 = try file.digest(0..<file.facts.size, md5: false).crc64.hex
        try file.checkUnchanged()
        return crc64 == expected ? .same : .different("its CRC-64/NVME is \(crc64) here and \(expected) on the server")
    }

    /// Checks that a path is not that of a file; blocks.
    ///
    /// - Throws: `.requestInvalid` for a file, `.notFound` if the path does not exist.
    static func checkFolder(_ folder: FilePath) throws(ClientError) {
        switch LocalEntry(folder) {
        case .file, .special: throw isFile("\(folder)")
        case .missing, .brokenLink:
            throw ClientError(.notFound, "'\(folder)' does not exist.", advice: "Check the path.")
        case .folder, .unreadable: break
        }
    }

    static func isFile(_ name: String) -> ClientError {
        ClientError(.requestInvalid, "'\(name)' is a file, not a folder.", advice: "Specify a folder.")
    }
}
