import NIOPosix
import PontoonCore
public import SystemPackage

/// A calculator for the checksums of local files, which reads up to eight files at a time.
public struct LocalChecksums: Sendable {
    /// The algorithm of the checksums.
    public let format: ChecksumFormat

    /// Creates a calculator for an algorithm.
    public init(_ format: ChecksumFormat) { self.format = format }

    private static let concurrency = 8

    /// Computes the checksums of files.
    ///
    /// - Parameters:
    ///   - items: The files. The result for an item with a ``UploadItem/problem`` is that error.
    ///   - body: Called with each file and its checksum in hexadecimal digits, or the error for the file, in the order
    ///     of the files.
    /// - Throws: `CancellationError`; any error that `body` throws.
    public func compute(
        _ items: [UploadItem],
        _ body: (UploadItem, Result<String, any Error>) async throws -> Void
    ) async throws {
        try await forEachInOrder(items, limit: Self.concurrency) { item in
            try await (item, self.checksum(of: item.source, problem: item.problem))
        } _: { item, result in
            try await body(item, result)
        }
    }

    /// Compares local files with the checksums in a list.
    ///
    /// - Parameters:
    ///   - list: The files and their expected checksums.
    ///   - root: Folder against which relative paths are resolved.
    ///   - body: Called with each entry and its result, in the order of the list.
    /// - Throws: `CancellationError`; any error that `body` throws.
    public static func check(
        _ list: ChecksumList,
        in root: FilePath,
        _ body: (ChecksumList.Entry, ReceiptCheck.Finding) async throws -> Void
    ) async throws {
        let checksums = LocalChecksums(list.format)
        try await forEachInOrder(list.entries, limit: concurrency) { entry in
            let path = root.pushing(entry.path)
            if try await blocking({ LocalEntry(path) == .missing }) { return (entry, ReceiptCheck.Finding.missing) }
            switch try await checksums.checksum(of: path, problem: nil) {
            case .success(entry.checksum): return (entry, .same)
            case .success(let actual): return (entry, .different("its \(list.format.algorithm) is \(actual)"))
            case .failure(let error): return (entry, .failed(error))
            }
        } _: { entry, finding in
            try await body(entry, finding)
        }
    }

    private func checksum(of path: FilePath, problem: ClientError?) async throws -> Result<String, any Error> {
        try Task.checkCancellation()
        if let problem { return .failure(problem) }
        return try await Self.blocking { [format] in
            Result {
                let file = try SourceFile(path)
                defer { file.closeAfterReading() }
                let checksum = try format.checksum(of: file)
                try file.checkUnchanged()
                return checksum
            }
        }
    }

    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
