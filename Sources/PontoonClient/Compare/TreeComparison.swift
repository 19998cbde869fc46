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
            case .different, .onlyHere, .onlyThere, .failed: false
            }
        }
    }

    private struct Pair: Sendable {
        var local: FilePath?
        var remote: DownloadItem?
    }

    private let client: SevenBridgesClient
    private let readsFiles: Bool

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
    ///   - folder: The local folder. Special files, broken symbolic links and symbolic links to folders are skipped.
    ///   - remote: The project or folder on the server.
    ///   - body: Called with each result, in byte order of the names.
    /// - Returns: Warnings about the local folder, for example about skipped items.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if `folder` or `remote` is a file, or `.notFound` if
    ///   `folder` or a name in the path `remote` does not exist; ``APIError``, with status 404 for an unknown project
    ///   or id; `CancellationError`.
    public func compare(
        _ folder: FilePath,
        with remote: RemotePath,
        _ body: (Entry) -> Void
    ) async throws -> [String] {
        guard try FileSelection.kind(folder) != .file else { throw Self.isFile("\(folder)") }
        if let found = try await client.find(remote), !found.isFolder { throw Self.isFile("\(remote)") }
        var selection = FileSelection()
        // The trailing slash selects the folder's contents.
        selection.paths = [folder.string + "/"]
        selection.keepsTree = true
        let local = try await NIOThreadPool.singleton.runIfActive { [selection] in try selection.resolve() }
        var pairs: [ByteExactString: Pair] = [:]
        for item in local.items { pairs[ByteExactString(item.remotePath), default: Pair()].local = item.source }
        for item in try await RemoteTree(client).items(remote, into: folder, isOnlyContents: true) {
            pairs[ByteExactString(item.remotePath), default: Pair()].remote = item
        }
        try await compareInOrder(
            pairs.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
                .map { (String(decoding: $0.key.bytes, as: UTF8.self), $0.value) },
            body
        )
        return local.warnings
    }

    private func compareInOrder(_ pairs: [(name: String, pair: Pair)], _ body: (Entry) -> Void) async throws {
        try await withThrowingTaskGroup(of: (Int, Entry).self) { group in
            var (waiting, found, next) = (pairs.indices.makeIterator(), [Int: Entry](), 0)
            func add() {
                guard let index = waiting.next() else { return }
                let (name, pair) = pairs[index]
                group.addTask { (index, try await entry(name, pair)) }
            }
            for _ in 0..<4 { add() }
            while let (index, entry) = try await group.next() {
                found[index] = entry
                while let entry = found.removeValue(forKey: next) {
                    body(entry)
                    next += 1
                }
                add()
            }
        }
    }

    private func entry(_ name: String, _ pair: Pair) async throws -> Entry {
        try Task.checkCancellation()
        let finding: Finding
        switch (pair.local, pair.remote) {
        case (nil, _): finding = .onlyThere
        case (_, nil): finding = .onlyHere
        case (let path?, let remote?):
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

    private static func isFile(_ name: String) -> ClientError {
        ClientError(.requestInvalid, "'\(name)' is a file, not a folder.", advice: "Specify a folder.")
    }
}
