import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

/// A stream of bytes to upload, such as standard input.
struct UploadStream: Sendable {
    /// Returns the next bytes; `nil` at the end of the stream.
    let next: @Sendable () async throws -> [UInt8]?
}

extension Uploader {
    /// Uploads a stream, whose length need not be known, as one file.
    ///
    /// The bytes of each part are stored in a temporary file until the part is stored on the server, so that a failed
    /// part can be sent again. An upload that fails or is cancelled is aborted, because it cannot be resumed.
    ///
    /// - Parameters:
    ///   - item: The file. Its source appears only in messages.
    ///   - next: Returns the next bytes of the stream, and `nil` at its end. An empty array does not end the stream. Is
    ///     not called concurrently.
    ///   - observe: Consumes progress events. The transfer applies back-pressure while events are not consumed.
    /// - Returns: The result, which contains any error of the upload or of `next`.
    /// - Throws: ``APIError`` or ``ClientError`` if the run could not be started; `CancellationError`.
    @discardableResult
    public func upload(
        _ item: UploadItem,
        reading next: @escaping @Sendable () async throws -> [UInt8]?,
        observe: @Sendable (UploadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> UploadResult {
        var options = options
        options.stream = UploadStream(next: next)
        options.transfer.resumes = false
        (options.stateDirectory, options.uploadID, options.adoptsUploads) = (nil, nil, false)
        let results = try await Uploader(client, options: options).upload([item], observe: observe)
        guard let result = results.first else { throw CancellationError() }
        return result
    }
}

/// The lengths of the parts of a stream whose length is not known.
///
/// The first ``equalParts`` parts have the same length, so that the server can store them in place. After them, the
/// length doubles every ``partsPerDoubling`` parts, so that 10,000 parts suffice for a large stream.
struct StreamPartSizes: Hashable, Sendable {
    /// Length in bytes of each of the first ``equalParts`` parts.
    let first: Int64

    /// Default length of the first parts, in bytes.
    static let defaultFirst: Int64 = 32 << 20
    /// Number of parts of equal length.
    static let equalParts = 5000
    /// Number of parts after which the length doubles again, following the parts of equal length.
    static let partsPerDoubling = 500

    /// Returns the maximum length of a part, in bytes; numbers start at 1.
    func size(_ number: Int) -> Int64 {
        guard number > Self.equalParts else { return first }
        let doublings = (number - Self.equalParts - 1) / Self.partsPerDoubling + 1
        return (0..<doublings).reduce(first) { size, _ in min(size.addingClamped(size), PartSizing.maximumPartSize) }
    }
}

/// A reader that divides a stream into parts, each in an unlinked temporary file.
struct PartSpooler {
    private let stream: UploadStream
    private let threads: NIOThreadPool
    private var pending: ArraySlice<UInt8> = []
    private var hasEnded = false
    /// Number of bytes read so far.
    private(set) var readBytes: Int64 = 0

    init(_ stream: UploadStream, threads: NIOThreadPool) { (self.stream, self.threads) = (stream, threads) }

    /// Returns whether all bytes have been returned in parts, after waiting for the stream's next bytes or its end.
    ///
    /// - Throws: Any error of the stream.
    mutating func isAtEnd() async throws -> Bool {
        while pending.isEmpty, !hasEnded {
            guard let bytes = try await stream.next() else {
                hasEnded = true
                break
            }
            pending = bytes[...]
        }
        return pending.isEmpty
    }

    /// Reads the next part.
    ///
    /// - Parameter size: Maximum length in bytes; the part is shorter only at the end of the stream.
    /// - Returns: A temporary file with the bytes. The caller must close it.
    /// - Throws: `.diskFull`, `.fileUnwritable`; any error of the stream.
    mutating func part(of size: Int64) async throws -> SourceFile {
        let folder = FilePath(FileManager.default.temporaryDirectory.path)
        let file = try await threads.runIfActive { try Self.create(in: folder) }
        do {
            var rest = size
            while rest > 0, try await !isAtEnd() {
                let bytes = pending.prefix(Int(clamping: rest))
                try await threads.runIfActive { try Self.write(bytes, to: file, in: folder) }
                pending = pending.dropFirst(bytes.count)
                rest -= Int64(bytes.count)
                readBytes = readBytes.addingClamped(Int64(bytes.count))
            }
            return try SourceFile(temporary: file, path: "-")
        } catch {
            try file.close()
            throw error
        }
    }

    private static func create(in folder: FilePath) throws -> FileDescriptor {
        let path = folder.appending("pontoon-\(UUID().uuidString)")
        return try mappingErrors(folder) {
            let file = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite
            )
            // The system deletes an unlinked file when it is closed or the process exits.
            do { try FileSystem.remove(path) } catch { try file.closeAfter { throw error } }
            return file
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to file: FileDescriptor, in folder: FilePath) throws {
        try mappingErrors(folder) { _ = try file.writeAll(bytes) }
    }

    private static func mappingErrors<Value>(_ folder: FilePath, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as Errno {
            let isFull = error == .noSpace || error == .diskQuotaExceeded
            throw ClientError(
                isFull ? .diskFull : .fileUnwritable,
                isFull
                    ? "There is not enough space in '\(folder)' for the parts being sent."
                    : "Cannot write a temporary file in '\(folder)': \(error).",
                advice: "Set TMPDIR to another folder, or use a smaller --part-size or --parallel."
            )
        }
    }
}
