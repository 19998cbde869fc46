import Foundation
import Glibc
import NIOCore
import PontoonCore
import PontoonServer
import Synchronization
package import SystemPackage

/// An alias, because NIO has a protocol that is also named `FileDescriptor`.
private typealias Descriptor = SystemPackage.FileDescriptor

/// The destination of the audit log.
package enum AuditDestination: Hashable, Sendable {
    case standardOutput
    case file(FilePath)

    /// Parses `-`, which means standard output, or the path of a file; returns `nil` for an empty text.
    package init?(_ text: String) {
        if text.isEmpty { return nil }
        self = text == "-" ? .standardOutput : .file(FilePath(text))
    }
}

/// A thread-safe, blocking writer that appends audit log lines to a file or to standard output.
///
/// If only the beginning of a line can be written, for example because the disk is full, the remaining bytes of the
/// line are written before any later line. If another program replaces the file first, and the remaining bytes cannot
/// be written to the old file, the whole line is written to the new file. The line is incomplete only if the process
/// exits first.
final class AuditFile: Sendable {
    /// The outcome of ``write(_:)``.
    struct Outcome {
        enum Change {
            /// Writing still succeeds, or still fails.
            case none
            case failed(Errno)
            case recovered
        }

        var change = Change.none
        /// Number of dropped lines, not counting a line of which the beginning was written.
        var lostLines = 0
        /// The error if rotating the file failed.
        ///
        /// Further failures are not reported until a rotation succeeds.
        var rotationError: Errno?
    }

    private struct State {
        var descriptor: Descriptor
        /// Size of the file in bytes; `nil` for standard output, pipes and devices, which are not rotated.
        var size: Int64?
        /// A line of which only the beginning was written.
        ///
        /// The line starts at index 0; its readable bytes are those that were not written.
        var unfinished = ByteBuffer()
        var isFailing = false
        var isRotationFailing = false
    }

    /// Maximum number of bytes to write at once, unless one line is longer.
    ///
    /// The file is rotated only between batches.
    private static let batch = 64 << 10

    private let path: FilePath?
    private let maximumSize: Int64?
    private let state: Mutex<State>

    /// - Throws: `Errno` if the file cannot be opened.
    init(_ destination: AuditDestination, maximumSize: Int64?) throws {
        self.maximumSize = maximumSize
        switch destination {
        case .standardOutput:
            path = nil
            state = Mutex(State(descriptor: .standardOutput))
            // Without this, writing to a closed pipe would terminate the process.
            signal(SIGPIPE, SIG_IGN)
        case .file(let path):
            self.path = path
            state = Mutex(try Self.open(path))
        }
    }

    deinit {
        if path != nil { try? state.withLock { try $0.descriptor.close() } }
    }

    /// Opens a file for appending.
    ///
    /// If the file does not exist, it is created, readable only by its owner.
    private static func open(_ path: FilePath) throws -> State {
        // Non-blocking, because opening a named pipe would otherwise wait for a reader.
        let descriptor = try Descriptor.open(
            path,
            .writeOnly,
            options: [.append, .create, .closeOnExec, .nonBlocking],
            permissions: .ownerReadWrite
        )
        var status = stat()
        let isRegular = fstat(descriptor.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        return State(descriptor: descriptor, size: isRegular ? Int64(status.st_size) : nil)
    }

    /// Opens the file again; does nothing for standard output.
    ///
    /// - Throws: `Errno` if the file cannot be opened. The earlier file then stays in use.
    func reopen() throws {
        guard let path else { return }
        try state.withLock { state in
            let opened = try Self.open(path)
            var unfinished = state.unfinished
            if unfinished.readableBytes > 0, !Self.isSameFile(state.descriptor, opened.descriptor),
                Self.write(&unfinished, &state) != nil
            {
                unfinished.moveReaderIndex(to: 0)
            }
            try? state.descriptor.close()
            (state.descriptor, state.size, state.unfinished) = (opened.descriptor, opened.size, unfinished)
        }
    }

    private static func isSameFile(_ one: Descriptor, _ other: Descriptor) -> Bool {
        var (first, second) = (stat(), stat())
        guard fstat(one.rawValue, &first) == 0, fstat(other.rawValue, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Appends lines, and first rotates the file if they would make it exceed its maximum size.
    ///
    /// - Parameter lines: Whole lines, including their line feeds.
    /// - Returns: The number of dropped lines, and the errors to report.
    func write(_ lines: ByteBuffer) -> Outcome {
        state.withLock { state in
            var outcome = Outcome()
            var rest = lines
            var failure: Errno?
            while failure == nil, let chunk = Self.nextLines(&rest) {
                if let error = rotateIfDue(&state, adding: chunk.readableBytes), !state.isRotationFailing {
                    (outcome.rotationError, state.isRotationFailing) = (error, true)
                }
                failure = append(chunk, &state, &outcome)
            }
            outcome.lostLines += Self.count(rest)
            if let failure, !state.isFailing { outcome.change = .failed(failure) }
            if failure == nil, state.isFailing { outcome.change = .recovered }
            state.isFailing = failure != nil
            return outcome
        }
    }

    /// Finishes the unfinished line, then appends `lines`.
    ///
    /// Adds the number of dropped lines to `outcome`.
    ///
    /// - Returns: The error if not everything was written; otherwise `nil`.
    private func append(_ lines: ByteBuffer, _ state: inout State, _ outcome: inout Outcome) -> Errno? {
        var bytes = state.unfinished
        if let error = Self.write(&bytes, &state) {
            state.unfinished = bytes
            outcome.lostLines += Self.count(lines)
            return error
        }
        state.unfinished = ByteBuffer()
        bytes = lines
        guard let error = Self.write(&bytes, &state) else { return nil }
        let newline = UInt8(ascii: "\n")
        let written = lines.readableBytesView[..<bytes.readerIndex]
        let start = written.lastIndex(of: newline).map { $0 + 1 } ?? lines.readerIndex
        if start < bytes.readerIndex, let end = bytes.readableBytesView.firstIndex(of: newline) {
            state.unfinished = lines.getSlice(at: start, length: end + 1 - start) ?? ByteBuffer()
            state.unfinished.moveReaderIndex(to: bytes.readerIndex - start)
            bytes.moveReaderIndex(to: end + 1)
        }
        outcome.lostLines += Self.count(bytes)
        return error
    }

    /// Writes bytes, and moves the reader index past those that were written; returns the error if some were not.
    private static func write(_ bytes: inout ByteBuffer, _ state: inout State) -> Errno? {
        while bytes.readableBytes > 0 {
            do {
                let count = try bytes.withUnsafeReadableBytes { try state.descriptor.write($0) }
                bytes.moveReaderIndex(forwardBy: count)
                state.size = state.size.map { $0 + Int64(count) }
            } catch let error as Errno {
                return error
            } catch {
                return .ioError
            }
        }
        return nil
    }

    /// Removes and returns as many lines as fit into a batch, but at least one; `nil` if there are none.
    private static func nextLines(_ rest: inout ByteBuffer) -> ByteBuffer? {
        let view = rest.readableBytesView
        guard !view.isEmpty else { return nil }
        let newline = UInt8(ascii: "\n")
        let last = view.prefix(batch).lastIndex(of: newline) ?? view.firstIndex(of: newline) ?? view.endIndex - 1
        return rest.readSlice(length: last + 1 - view.startIndex)
    }

    private static func count(_ lines: ByteBuffer) -> Int {
        lines.readableBytesView.count { $0 == UInt8(ascii: "\n") }
    }

    /// Renames the file and creates a new one if the file would exceed its maximum size with `bytes` more bytes.
    ///
    /// Does nothing while a line is unfinished.
    ///
    /// - Returns: The error if the rotation failed, in which case the open file stays in use; otherwise `nil`.
    private func rotateIfDue(_ state: inout State, adding bytes: Int) -> Errno? {
        guard let path, let maximumSize, let size = state.size, size > 0, size + Int64(bytes) > maximumSize,
            state.unfinished.readableBytes == 0
        else { return nil }
        do {
            try Self.rename(path)
            let opened = try Self.open(path)
            try? state.descriptor.close()
            (state.descriptor, state.size, state.isRotationFailing) = (opened.descriptor, opened.size, false)
            return nil
        } catch let error as Errno {
            return error
        } catch {
            return .ioError
        }
    }

    /// Renames a file by appending the current time, and a number if that name is taken; does nothing if the file does
    /// not exist.
    private static func rename(_ path: FilePath) throws {
        let time = LogTime.format(Date()).filter { $0 != "-" && $0 != ":" }
        for number in 0..<100 {
            let target = FilePath("\(path.string).\(time)\(number == 0 ? "" : "-\(number)")")
            // Creates a link instead of renaming, because this fails if the name exists.
            guard link(path.string, target.string) == 0 else {
                if errno == EEXIST { continue }
                // An earlier attempt renamed the file, but could not create a new one.
                if errno == ENOENT { return }
                throw Errno(rawValue: errno)
            }
            guard unlink(path.string) == 0 else {
                let error = Errno(rawValue: errno)
                unlink(target.string)
                throw error
            }
            return
        }
        throw Errno.fileExists
    }
}

extension AuditFile {
    /// Appends the entry of an administration command, even while a server is writing to the same log.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - destination: The destination. Instead of standard output, the entry is written to standard error, because
    ///     commands print their results on standard output.
    /// - Throws: `Errno` if the entry cannot be written completely.
    static func append(_ entry: AuditEntry, to destination: AuditDestination) throws {
        let bytes = entry.line.bytes
        guard case .file(let path) = destination else {
            _ = try bytes.withUnsafeReadableBytes { try Descriptor.standardError.writeAll($0) }
            return
        }
        let descriptor = try openForCommand(path)
        // Writes the line with one call, so that it is not mixed with lines of the server.
        let count = try descriptor.closeAfter { try bytes.withUnsafeReadableBytes { try descriptor.write($0) } }
        guard count == bytes.readableBytes else { throw Errno.noSpace }
    }

    /// Opens the log for a command, and creates it if it does not exist.
    ///
    /// A new file gets the owner and group of its directory, because root often runs commands, but the server must be
    /// able to open the file too. Symbolic links are not followed, because the directory's owner could otherwise make
    /// root append to any file.
    private static func openForCommand(_ path: FilePath) throws -> Descriptor {
        let options: Descriptor.OpenOptions = [.append, .closeOnExec, .nonBlocking, .noFollow]
        do {
            let file = try Descriptor.open(
                path,
                .writeOnly,
                options: options.union([.create, .exclusiveCreate]),
                permissions: .ownerReadWrite
            )
            let parent = path.removingLastComponent()
            var status = stat()
            if stat(parent.isEmpty ? "." : parent.string, &status) == 0 {
                _ = fchown(file.rawValue, status.st_uid, status.st_gid)
            }
            return file
        } catch Errno.fileExists {
            return try Descriptor.open(path, .writeOnly, options: options)
        }
    }
}
