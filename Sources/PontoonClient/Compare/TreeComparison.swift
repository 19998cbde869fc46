import Foundation
import NIOPosix
import PontoonCore
public import SystemPackage

/// Compares a folder here with a project or folder at the server, file by file.
public struct TreeComparison: Sendable {
    /// How a name compares.
    public enum Finding: Sendable {
        /// The checksums are equal.
        case same
        /// The lengths are; there is no checksum to compare, or none was wanted.
        case sameSize
        case different(String)
        case onlyHere
        case onlyThere
        /// It could not be found out.
        case failed(any Error)
    }

    /// A name that is at one end or at both.
    public struct Entry: Sendable {
        /// Folders and name, below either end.
        public let name: String
        /// The file here.
        public let path: FilePath?
        /// The file's id at the server.
        public let fileID: String?
        /// How they compare.
        public let finding: Finding

        /// Whether both ends have it, and nothing speaks against their being the same.
        public var isSame: Bool {
            switch finding {
            case .same, .sameSize: true
            case .different, .onlyHere, .onlyThere, .failed: false
            }
        }
    }

    private struct Pair: Sendable {
        var here: FilePath?
        var there: DownloadItem?
    }

    private let client: SevenBridgesClient
    /// Whether files are read; otherwise only names and lengths are compared.
    private let readsFiles: Bool

    /// Takes who to ask, and whether files here are read for their checksums.
    public init(_ client: SevenBridgesClient, readsFiles: Bool = true) {
        self.client = client
        self.readsFiles = readsFiles
    }

    /// Compares.
    ///
    /// - Parameters:
    ///   - folder: The folder here; links to folders, and what is no file, are passed over.
    ///   - place: The project or folder at the server.
    ///   - tell: Gets each result, in the order of the names' bytes.
    /// - Returns: What was passed over here, and why.
    /// - Throws: ``APIError``, ``ClientError`` when one of the two cannot be listed; `CancellationError`.
    public func compare(
        _ folder: FilePath,
        with place: RemotePath,
        _ tell: (Entry) -> Void
    ) async throws -> [String] {
        var selection = FileSelection()
        // What is in the folder, not the folder.
        selection.paths = [folder.string + "/"]
        selection.keepsTree = true
        guard try FileSelection.kind(folder) != .file else {
            throw ClientError(.requestInvalid, "'\(folder)' is a file, not a folder.")
        }
        if let found = try await client.find(place), !found.isFolder {
            throw ClientError(.requestInvalid, "'\(place)' is a file, not a folder.")
        }
        let here = try await NIOThreadPool.singleton.runIfActive { [selection] in try selection.resolve() }
        let there = try await RemoteTree(client).items(place, into: folder, isOnlyContents: true)
        // By bytes: for Swift a composed and a decomposed letter are the same.
        var pairs: [[UInt8]: Pair] = [:]
        for item in here.items { pairs[Array(item.remotePath.utf8), default: Pair()].here = item.source }
        for item in there { pairs[Array(item.remotePath.utf8), default: Pair()].there = item }
        let sorted = pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        try await withThrowingTaskGroup(of: (Int, Entry).self) { group in
            var (waiting, found, next) = (sorted.indices.makeIterator(), [Int: Entry](), 0)
            func add() {
                guard let index = waiting.next() else { return }
                let (name, pair) = (String(decoding: sorted[index].key, as: UTF8.self), sorted[index].value)
                group.addTask { (index, try await entry(name, pair)) }
            }
            for _ in 0..<4 { add() }
            while let (index, entry) = try await group.next() {
                found[index] = entry
                while let entry = found.removeValue(forKey: next) {
                    tell(entry)
                    next += 1
                }
                add()
            }
        }
        return here.warnings
    }

    private func entry(_ name: String, _ pair: Pair) async throws -> Entry {
        try Task.checkCancellation()
        let finding: Finding
        switch (pair.here, pair.there) {
        case (nil, _): finding = .onlyThere
        case (_, nil): finding = .onlyHere
        case (let path?, let there?):
            do {
                finding = try await compare(path, there)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                finding = .failed(error)
            }
        }
        return Entry(name: name, path: pair.here, fileID: pair.there?.fileID, finding: finding)
    }

    private func compare(_ path: FilePath, _ listed: DownloadItem) async throws -> Finding {
        var there = listed
        if there.size == nil {
            // Not every list shows it.
            let details = try await client.file(listed.fileID)
            there = DownloadItem(details, remotePath: listed.remotePath, target: listed.target)
        }
        let (known, readsFiles) = (there, readsFiles)
        return try await NIOThreadPool.singleton.runIfActive {
            let file = try SourceFile(path)
            let finding: Finding
            do {
                finding = try Self.compare(file, known, readsFiles: readsFiles)
            } catch {
                try file.close()
                throw error
            }
            try file.close()
            return finding
        }
    }

    private static func compare(_ file: SourceFile, _ there: DownloadItem, readsFiles: Bool) throws -> Finding {
        guard file.facts.size == there.size else {
            return .different("\(file.facts.size) bytes here, \(there.size.map { "\($0)" } ?? "unknown") there")
        }
        guard readsFiles, let expected = there.crc64nvme?.lowercased() else { return .sameSize }
        let crc64 = try file.digest(0..<file.facts.size, md5: false).crc64.hex
        try file.checkUnchanged()
        return crc64 == expected ? .same : .different("CRC-64/NVME \(crc64) here, \(expected) there")
    }
}
