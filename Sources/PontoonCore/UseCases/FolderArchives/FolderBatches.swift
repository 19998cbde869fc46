import Crypto
import PontoonFoundation

/// A reader of the entries of a folder archive, in batches that are compared with the listing.
///
/// A batch is returned only if it has not changed since the listing was made, so an archive never mixes two versions of
/// the folder.
package struct FolderBatches {
    /// Maximum number of entries in a batch.
    private static let batchSize = 1000

    private var walk: FolderWalk
    /// The hashes of the listing's batches; `nil` while the listing is being made.
    private let expected: [[UInt8]]?
    /// Number of batches read so far.
    private var count = 0

    init(_ walk: FolderWalk, expecting expected: [[UInt8]]?) {
        self.walk = walk
        self.expected = expected
    }

    /// Returns the next entries, at least one; `nil` at the end.
    ///
    /// - Throws: `.preconditionFailed` if the folder has changed since the listing was made; `.badRequest` if a path
    ///   has become too long since then; `CancellationError`.
    package mutating func next() async throws -> [FolderArchiveEntry]? {
        try await nextWithHash()?.entries
    }

    mutating func nextWithHash() async throws -> (entries: [FolderArchiveEntry], hash: [UInt8])? {
        var entries: [FolderArchiveEntry] = []
        var hash = SHA256()
        while entries.count < Self.batchSize, let entry = try await walk.next() {
            hash.update(data: entry.identity)
            entries.append(entry)
        }
        try Task.checkCancellation()
        guard !entries.isEmpty else {
            guard expected.map({ $0.count == count }) ?? true else { throw PontoonError.folderChanged }
            return nil
        }
        let digest = Array(hash.finalize())
        if let expected {
            guard count < expected.count, expected[count] == digest else { throw PontoonError.folderChanged }
        }
        count += 1
        return (entries, digest)
    }
}

extension FolderArchiveEntry {
    /// Everything that determines the bytes of the entry.
    ///
    /// The fields are separated by control characters, which names do not contain.
    fileprivate var identity: Data {
        let content = file.content.map { "\($0.key.rawValue)\0\($0.size)" } ?? ""
        return Data("\(path)\0\(file.id)\0\(content)\0\(file.modifiedOn.timeIntervalSince1970.rounded(.down))\n".utf8)
    }
}

extension PontoonError {
    static var folderChanged: PontoonError {
        PontoonError(.preconditionFailed, "The folder has changed since the URL was requested; request a new URL.")
    }
}
