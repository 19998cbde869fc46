import Crypto
import PontoonFoundation
import PontoonCore
import Synchronization
import SystemPackage

/// The first line of a download's journal.
///
/// The following lines describe ranges, numbered from 1.
struct DownloadHead: JournalHeading, Hashable {
    var version = 1
    var endpoint: String
    var file: String
    var size: Int64
    var rangeSize: Int64
    /// CRC-64/NVME of the whole file, in 16 hexadecimal digits; `nil` if the server does not provide it.
    var crc64: String?
}

/// A partially downloaded file and the journal of its ranges, both stored next to the target.
///
/// The names of both files are derived from the target's name, so that a later run finds them. The journal is locked,
/// so that no two processes write to the same file. All calls block the calling thread.
final class PartialFile: RangeDestination {
    private struct State {
        var hasWritten = false
        var isClosed = false
    }

    let target: FilePath
    private let path: FilePath
    private let data: FileDescriptor
    private let journal: Journal<DownloadHead>
    private let state = Mutex(State())

    /// The download that an earlier run recorded; `nil` if the journal has no valid first line.
    var head: DownloadHead? { journal.head }
    /// Ranges that an earlier run wrote, by number.
    ///
    /// Their bytes may be damaged; check them with ``isIntact(_:_:)``.
    var ranges: [Int: JournalPart] { journal.parts }
    /// Whether there is nothing to resume: no earlier run completed a range, and this run has written nothing.
    var isEmpty: Bool { journal.parts.isEmpty && !state.withLock { $0.hasWritten } }

    /// Opens both files and locks the journal, creating the files and the target's directory if they do not exist.
    ///
    /// - Throws: `.busy` if another process is downloading to this target; `.fileUnsuitable` if the target's path or
    ///   name is too long for the file system; `.diskFull`; `.fileUnwritable`.
    init(_ target: FilePath) throws {
        self.target = target
        let directory = target.removingLastComponent()
        let (path, journalPath) = Self.paths(target)
        self.path = path
        do {
            if !directory.isEmpty {
                try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
            }
            try Self.checkName(target)
            journal = try Journal(journalPath, for: "the download to '\(target)'")
        } catch {
            throw Self.failure(target, error)
        }
        do {
            // The umask determines the final permissions.
            data = try FileDescriptor.openOwn(path, .readWrite, permissions: FilePermissions(rawValue: 0o666))
        } catch {
            try journal.close()
            throw Self.failure(target, error)
        }
    }

    /// Starts a new download: discards all bytes and preallocates space for the whole file.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func begin(_ head: DownloadHead) throws {
        try mappingErrors {
            try data.resize(to: 0)
            try journal.begin(head, isDurable: false)
            if head.size > 0 { try FileSystem.reserve(data, size: head.size) }
        }
    }

    /// Writes bytes at an offset.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try mappingErrors { _ = try data.writeAll(toAbsoluteOffset: offset, bytes) }
        state.withLock { $0.hasWritten = true }
    }

    /// Records a range that has been written completely.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func append(_ range: JournalPart) throws {
        try mappingErrors { try journal.append(range) }
    }

    /// Returns whether the bytes of a range match its checksum in the journal.
    ///
    /// After a power failure, the journal may list ranges whose bytes never reached the disk.
    ///
    /// - Throws: `.fileUnwritable` if the bytes cannot be read.
    func isIntact(_ range: Range<Int64>, _ crc64: CRC64NVME) throws -> Bool {
        try mappingErrors {
            var found = CRC64NVME()
            var offset = range.lowerBound
            try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
                while offset < range.upperBound {
                    let count = Int(min(Int64(buffer.count), range.upperBound - offset))
                    let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                    let read = try data.read(fromAbsoluteOffset: offset, into: chunk)
                    if read == 0 { return }
                    found.update(UnsafeRawBufferPointer(rebasing: chunk[..<read]))
                    offset += Int64(read)
                }
            }
            return offset == range.upperBound && found == crc64
        }
    }

    /// Syncs the file, renames it to the target, syncs the directory, and deletes the journal.
    ///
    /// - Parameters:
    ///   - replacing: Whether to replace an existing file at the target.
    ///   - modified: Modification time to set, in nanoseconds since 1970, if the file system supports it; `nil` for the
    ///     time of the download.
    /// - Throws: `.nameTaken` if a file already exists at the target and must not be replaced; `.diskFull`,
    ///   `.fileUnwritable`.
    func finish(replacing: Bool, modified: Int64? = nil) throws {
        try mappingErrors {
            // Best effort: some file systems do not store modification times.
            if let modified { do { try FileSystem.setModified(data, modified) } catch {} }
            try FileSystem.synchronize(data)
            if replacing {
                try FileSystem.rename(path, replacing: target)
            } else {
                do {
                    try FileSystem.rename(path, toNew: target)
                } catch .fileExists {
                    throw Self.exists(target)
                }
            }
            try FileSystem.synchronizeDirectory(target.removingLastComponent())
            try close(removing: true)
        }
    }

    /// Closes both files, and deletes them if `removing` is `true`.
    ///
    /// Only the first call has an effect.
    func close(removing: Bool) throws {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        try data.close()
        guard removing else { return try journal.close() }
        // Delete the data file first, while the journal is still locked.
        try mappingErrors { try FileSystem.remove(path) }
        try journal.remove()
    }
}

extension PartialFile {
    /// Deletes the journal and the partially downloaded file of a target if the journal exists.
    ///
    /// A run that is killed after it has renamed the downloaded file leaves its journal behind.
    ///
    /// - Throws: `.busy` if another process is downloading to this target; `.diskFull`, `.fileUnwritable`.
    static func removeLeftovers(_ target: FilePath) throws {
        guard FileManager.default.fileExists(atPath: paths(target).journal.string) else { return }
        try PartialFile(target).close(removing: true)
    }

    static func paths(_ target: FilePath) -> (data: FilePath, journal: FilePath) {
        let name = Data((target.lastComponent?.string ?? "").utf8)
        // Use a digest, because the target's name with a prefix and a suffix could be too long.
        let digest = Hex.encode(SHA256.hash(data: name).prefix(10))
        let base = target.removingLastComponent().appending(".pontoon-\(digest)").string
        return (FilePath(base + ".part"), FilePath(base + ".journal"))
    }

    private func mappingErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Self.failure(target, error)
        }
    }

    /// Checks that the target's path and name are not too long for the file system.
    ///
    /// Creating the hidden files does not check the target's name, because their own names are short.
    ///
    /// - Throws: `Errno.fileNameTooLong`.
    private static func checkName(_ target: FilePath) throws {
        do throws(Errno) {
            _ = try FileStatus(target, followingLinks: false)
        } catch .fileNameTooLong {
            throw Errno.fileNameTooLong
        } catch {}
    }

    /// Converts an error of a file operation to a ``ClientError`` with the target's path and advice.
    ///
    /// A ``ClientError`` is returned unchanged, unless its code is `.stateUnusable`.
    private static func failure(_ target: FilePath, _ error: any Error) -> any Error {
        let advice =
            "Free some space, check the permissions or choose another --output. Then run the same command again."
        if let error = error as? ClientError {
            // The original advice is about the state directory, but this journal is next to the target.
            guard error.code == .stateUnusable else { return error }
            return ClientError(.fileUnwritable, error.message, advice: advice)
        }
        let errno = Errno(causing: error)
        if errno == .noSpace || errno == .diskQuotaExceeded {
            return ClientError(.diskFull, "There is not enough space on the disk for '\(target)'.", advice: advice)
        }
        if errno == .fileNameTooLong {
            return ClientError(
                .fileUnsuitable,
                "Cannot create '\(target)': the path, or a name in it, is too long for the file system.",
                advice: "Download this file separately by its id, and specify a shorter path with --output."
            )
        }
        return ClientError(.fileUnwritable, "Cannot write '\(target)': \(error.reason).", advice: advice)
    }

    static func exists(_ target: FilePath) -> ClientError {
        ClientError(
            .nameTaken,
            "A file already exists at '\(target)'.",
            advice: "Use --overwrite or --skip-existing, or choose another --output."
        )
    }
}
