import CFileCalls
import Crypto
import Foundation
import Glibc
import PontoonCore
import SystemPackage

/// First line of a download's journal; the parts in the lines below are ranges, numbered from 1.
struct DownloadHead: JournalHeading, Hashable {
    var version = 1
    var endpoint: String
    var file: String
    var size: Int64
    var rangeSize: Int64
    /// CRC-64/NVME of the whole file, as far as the server tells.
    var crc64: String?
}

/// The bytes of a file that is being downloaded, and the journal of its ranges; both lie next to the target.
///
/// The names are made of the target's, so that another download to it finds them whatever it downloads; the journal is
/// locked, so that two processes do not write one file. All calls block.
final class PartialFile: Sendable {
    let target: FilePath
    private let path: FilePath
    private let data: FileDescriptor
    private let journal: Journal<DownloadHead>
    private let isClosed = Locked(false)

    /// What an earlier run left; `nil` when there is nothing of use.
    var head: DownloadHead? { journal.head }
    /// Ranges that it wrote; not yet compared with what lies there.
    var ranges: [Int: JournalPart] { journal.parts }

    /// Opens or makes both files, and locks them; the target's folder is made when it is missing.
    ///
    /// - Throws: `.busy` when another process downloads to this target; `.diskFull`, `.fileUnwritable`.
    init(_ target: FilePath) throws {
        self.target = target
        let folder = target.removingLastComponent()
        let (path, journalPath) = Self.paths(target)
        self.path = path
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            }
            journal = try Journal(journalPath, for: "downloading to '\(target)'")
        } catch {
            throw Self.failure(target, error)
        }
        do {
            data = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .closeOnExec, .noFollow],
                // What others may do with it is decided by the user's mask.
                permissions: FilePermissions(rawValue: 0o666)
            )
        } catch {
            try journal.close()
            throw Self.failure(target, error)
        }
    }

    /// Begins anew: what was there is gone, and room for all bytes is taken.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func begin(_ head: DownloadHead) throws {
        try translating {
            guard ftruncate(data.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
            try journal.begin(head, isSmall: true)
            guard head.size > 0, cfilecalls_allocate(data.rawValue, head.size) != 0 else { return }
            let error = Errno(rawValue: errno)
            // Not every file system can do that; then only the length is set.
            guard error == .notSupported || error == .noFunction else { throw error }
            guard ftruncate(data.rawValue, off_t(head.size)) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    /// Writes bytes at an offset, all of them.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try translating { _ = try data.writeAll(toAbsoluteOffset: offset, bytes) }
    }

    /// Writes down that a range is there.
    ///
    /// - Throws: `.diskFull`, `.fileUnwritable`.
    func note(_ range: JournalPart) throws {
        try translating { try journal.append(range) }
    }

    /// Compares a range that an earlier run wrote with what lies there.
    ///
    /// After a power cut the journal may know of bytes that never reached the disk.
    func isIntact(_ range: Range<Int64>, _ crc64: CRC64NVME) throws -> Bool {
        try translating {
            var found = CRC64NVME()
            var offset = range.lowerBound
            try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
                while offset < range.upperBound {
                    let count = Int(min(Int64(buffer.count), range.upperBound - offset))
                    let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                    let read = try data.read(fromAbsoluteOffset: offset, into: piece)
                    if read == 0 { return }
                    found.update(UnsafeRawBufferPointer(rebasing: piece[..<read]))
                    offset += Int64(read)
                }
            }
            return offset == range.upperBound && found == crc64
        }
    }

    /// Brings the bytes to the disk, gives the file its name, and removes the journal.
    ///
    /// - Parameter replacing: Whether a file at the target is replaced.
    /// - Throws: `.nameTaken` when there is one; `.diskFull`, `.fileUnwritable`.
    func finish(replacing: Bool) throws {
        try translating {
            guard fsync(data.rawValue) == 0 else { throw Errno(rawValue: errno) }
            try place(replacing: replacing)
            try Self.syncFolder(target.removingLastComponent())
            try close(removing: true)
        }
    }

    /// Lets go of the files; with `removing` nothing is left of them.
    func close(removing: Bool) throws {
        guard !isClosed.exchange(true) else { return }
        try data.close()
        guard removing else { return try journal.close() }
        // The data first: the journal is what is locked.
        guard unlink(path.string) == 0 || errno == ENOENT else { throw Self.failure(target, Errno(rawValue: errno)) }
        try journal.remove()
    }
}

extension PartialFile {
    /// Removes what a run left that ended after the file had got its name.
    ///
    /// - Throws: `.busy`, `.fileUnwritable`.
    static func tidy(_ target: FilePath) throws {
        guard FileManager.default.fileExists(atPath: paths(target).journal.string) else { return }
        try PartialFile(target).close(removing: true)
    }

    private static func paths(_ target: FilePath) -> (data: FilePath, journal: FilePath) {
        let name = Data((target.lastComponent?.string ?? "").utf8)
        let digest = SHA256.hash(data: name).prefix(10).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        // Not the name itself: with something added it could be too long.
        let base = target.removingLastComponent().appending(".pontoon-\(digest.joined())").string
        return (FilePath(base + ".part"), FilePath(base + ".journal"))
    }

    private func place(replacing: Bool) throws {
        if replacing {
            guard rename(path.string, target.string) == 0 else { throw Errno(rawValue: errno) }
            return
        }
        // Unlike a plain rename it never replaces what somebody else put there meanwhile.
        if cfilecalls_rename_new(path.string, target.string) == 0 { return }
        let error = Errno(rawValue: errno)
        if error == .fileExists { throw Self.exists(target) }
        // Not every file system can do that.
        guard error == .invalidArgument || error == .noFunction, access(target.string, F_OK) != 0,
            rename(path.string, target.string) == 0
        else { throw error }
    }

    /// The folder too: after a crash a renamed file can be gone if only its bytes were synced.
    private static func syncFolder(_ folder: FilePath) throws {
        let descriptor = try FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: [.directory])
        try descriptor.closeAfter {
            guard fsync(descriptor.rawValue) == 0 || errno == EINVAL else { throw Errno(rawValue: errno) }
        }
    }

    private func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Self.failure(target, error)
        }
    }

    /// Names the file and what to do.
    static func failure(_ target: FilePath, _ error: any Error) -> any Error {
        let elsewhere = "Make room, check the permissions, or choose another --output; then run the same command again."
        if let error = error as? ClientError {
            // The journal lies next to the target, not in the folder of the uploads' journals.
            guard error.code == .stateUnusable else { return error }
            return ClientError(.fileUnwritable, error.message, advice: elsewhere)
        }
        // Foundation wraps what the system said.
        let cause = (error as? CocoaError)?.underlying as? POSIXError
        let errno = (error as? Errno) ?? cause.map { Errno(rawValue: $0.code.rawValue) }
        if errno == .noSpace || errno == .diskQuotaExceeded {
            return ClientError(.diskFull, "There is no room on the disk for '\(target)'.", advice: elsewhere)
        }
        let reason = errno.map { "\($0)" } ?? error.localizedDescription
        return ClientError(.fileUnwritable, "'\(target)' cannot be written: \(reason).", advice: elsewhere)
    }

    static func exists(_ target: FilePath) -> ClientError {
        ClientError(
            .nameTaken,
            "There is a '\(target)' already, with other bytes.",
            advice: "Use --overwrite or --skip-existing, or choose another --output."
        )
    }
}
