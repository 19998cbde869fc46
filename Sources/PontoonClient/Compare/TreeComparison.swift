import PontoonFoundation
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
        /// The files differ, or the server's copy is damaged or missing; the text describes the difference or damage.
        case different(String)
        /// The file exists only in the local folder.
        case onlyHere
        /// The file exists only on the server.
        case onlyThere
        /// The files could not be compared, or the folder at this path could not be read.
        case failed(any Error)
        /// The local file or folder was skipped, or a folder that contains the file was not read; the text gives the
        /// reason.
        case skipped(String)
    }

    /// The result of the comparison for one path.
    public struct Entry: Sendable {
        /// Path relative to the compared folders, separated by slashes.
        public let name: String
        /// Path of the local file or folder; `nil` if there is none.
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

    /// A file on the server.
    private struct Remote: Sendable {
        let id: String
        let size: Int64?
        let crc64: CRC64NVME?
        let damage: String?

        init(_ file: DownloadItem) {
            (id, size, crc64, damage) = (file.id, file.size, file.crc64, file.damage)
        }
    }

    private struct Pair: Sendable {
        var local: FilePath?
        var remote: Remote?
        /// The result, if it was determined without comparing the files.
        var finding: Finding?
    }

    /// The pairs by path.
    ///
    /// They are stored in an array, because storing them in the dictionary would need about twice the memory.
    private struct Pairs: Sendable {
        private var positions: [ByteExactString: Int] = [:]
        private var pairs: [Pair] = []

        subscript(position: Int) -> Pair { pairs[position] }

        /// The paths, in byte order, with the positions of their pairs.
        var inOrder: [(path: ByteExactString, position: Int)] {
            positions.map { ($0.key, $0.value) }.sorted { $0.0.bytes.lexicographicallyPrecedes($1.0.bytes) }
        }

        /// Changes the pair for a path, adding it first if it does not exist.
        mutating func update(_ path: ByteExactString, _ change: (inout Pair) -> Void) {
            let position = positions[path] ?? pairs.count
            if position == pairs.count {
                pairs.append(Pair())
                positions[path] = position
            }
            change(&pairs[position])
        }

        /// Marks files as skipped if a folder in their path was not read, locally or on the server.
        mutating func skipContents() {
            let unread = Set(positions.filter { pairs[$0.value].finding != nil }.map(\.key))
            guard !unread.isEmpty else { return }
            for (path, position) in positions where pairs[position].finding == nil {
                let names = String(decoding: path.bytes, as: UTF8.self).split(separator: "/").map(String.init)
                guard FolderPath(names.dropLast()).withParents.contains(where: { unread.contains($0.text) }) else {
                    continue
                }
                pairs[position].finding = .skipped("its folder was not read")
            }
        }
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
    ///   - body: Called with each result, in byte order of ``Entry/name``.
    /// - Returns: Warnings about patterns that matched nothing.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if `folder` or `remote` is a file or if a pattern cannot
    ///   match any path, `.notFound` if `folder` or a name in the path `remote` does not exist, `.fileUnreadable` if
    ///   `folder` cannot be read, or `.responseUnreadable` if the folder tree on the server is too large; ``APIError``,
    ///   with status 404 for an unknown project or id; `CancellationError`.
    public func compare(
        _ folder: FilePath,
        with remote: RemotePath,
        _ body: (Entry) -> Void
    ) async throws -> [String] {
        try Self.checkFolder(folder)
        if let found = try await client.find(remote), !found.isFolder { throw Self.isFile("\(remote)") }
        var (pairs, filter) = try await localFiles(folder)
        try await RemoteTree(client).eachPage(remote, into: folder, isOnlyContents: true) { page in
            for item in page where filter.selects(item.remotePath.split(separator: "/").map(String.init)) {
                pairs.update(ByteExactString(item.remotePath)) { pair in
                    pair.remote = Remote(item)
                    if let problem = item.problem { pair.finding = .failed(problem) }
                }
            }
        }
        pairs.skipContents()
        try await forEachInOrder(pairs.inOrder, limit: 8) { [pairs] path, position in
            try await entry(String(decoding: path.bytes, as: UTF8.self), pairs[position])
        } _: {
            body($0)
        }
        return filter.warnings
    }

    /// Finds the local files, and the entries that cannot be compared.
    ///
    /// - Throws: The error for `folder` if the folder itself cannot be read; `.requestInvalid` if a pattern cannot
    ///   match any path.
    private func localFiles(_ folder: FilePath) async throws -> (Pairs, PathFilter) {
        var selection = FileSelection()
        // The trailing slash selects the folder's contents.
        selection.paths = [folder.string + "/"]
        selection.keepsTree = true
        selection.include = include
        selection.exclude = exclude
        let found = try await NIOThreadPool.singleton.runIfActive { [selection] in try selection.find() }
        var pairs = Pairs()
        for item in found.items {
            if let problem = item.problem, item.source == folder { throw problem }
            pairs.update(ByteExactString(item.remotePath)) {
                $0 = Pair(local: item.source, finding: item.problem.map { .failed($0) })
            }
        }
        for skipped in found.skipped {
            pairs.update(ByteExactString(skipped.remotePath)) {
                $0 = Pair(local: skipped.path, finding: .skipped("it \(skipped.reason)"))
            }
        }
        return (pairs, found.filter)
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
                finding = try await compare(path, with: remote)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                finding = .failed(error)
            }
        }
        return Entry(name: name, path: pair.local, fileID: pair.remote?.id, finding: finding)
    }

    private func compare(_ path: FilePath, with listed: Remote) async throws -> Finding {
        var remote = listed
        if remote.size == nil {
            // Some servers omit the size in lists.
            remote = Remote(DownloadItem(try await client.file(listed.id), remotePath: "", target: path))
        }
        if let damage = remote.damage { return .different(damage) }
        return try await NIOThreadPool.singleton.runIfActive { [remote, readsFiles] in
            let file = try SourceFile(path)
            defer { file.closeAfterReading() }
            return try Self.compare(file, remote, readsFiles: readsFiles)
        }
    }

    private static func compare(_ file: SourceFile, _ remote: Remote, readsFiles: Bool) throws -> Finding {
        guard file.facts.size == remote.size else {
            let size = remote.size.map { "\($0) bytes" } ?? "unknown"
            return .different("its length is \(file.facts.size) bytes here and \(size) on the server")
        }
        guard readsFiles, let expected = remote.crc64 else { return .sameSize }
        let crc64 = try file.digest(0..<file.facts.size, md5: false).crc64
        try file.checkUnchanged()
        return crc64 == expected
            ? .same : .different("its CRC-64/NVME is \(crc64.hex) here and \(expected.hex) on the server")
    }

    /// Checks that a path exists and does not lead to a file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.requestInvalid` if the path leads to a file, `.notFound` if it does not exist.
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
