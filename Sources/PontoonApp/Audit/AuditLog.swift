import Dispatch
package import Logging
import NIOCore
package import PontoonCore
import PontoonServer
import Synchronization
import SystemPackage

/// The audit log of a server: a bounded queue of lines, and a thread that writes them.
///
/// Recording an entry neither waits for the disk nor fails. Lines that cannot be written, or do not fit in the queue,
/// are dropped and counted. Lines are usually written after 20 milliseconds. Written lines survive a crash of the
/// process, but not necessarily of the operating system, because they are not synced to the disk.
package final class AuditLog: AuditSink {
    /// The numbers of lines written and dropped since the log was opened.
    package struct Statistics: Hashable, Sendable {
        package var written: UInt64 = 0
        package var dropped: UInt64 = 0
    }

    private struct State {
        var waiting = ByteBuffer()
        var waitingLines = 0
        /// Whether lines are being written or are due to be written.
        var isWriting = false
        var isClosed = false
        var statistics = Statistics()
    }

    /// Maximum total size of the waiting lines in bytes, enough for more than 20,000 lines of typical length.
    static let maximumWaiting = 8 << 20
    /// Time for which lines are collected before they are written.
    ///
    /// Waking the thread for each line would cost more than writing the line.
    private static let delay = DispatchTimeInterval.milliseconds(20)
    /// Time after which ``reopen()`` and ``close()`` no longer wait for a write.
    private static let timeout = Duration.seconds(5)

    private let file: AuditFile
    /// Whether the destination is a file and not standard output.
    private let isFile: Bool
    private let logger: Logger
    private let queue = DispatchQueue(label: "audit log")
    private let state = Mutex(State())

    /// Opens the log.
    ///
    /// - Parameters:
    ///   - destination: The file or standard output.
    ///   - maximumSize: Maximum size of a file in bytes. Instead of exceeding it, the file is renamed and a new one
    ///     created. `nil` if only other programs rotate the file.
    ///   - logger: Logs failures to write or rotate the log.
    /// - Throws: `Errno` if the file cannot be opened.
    package init(_ destination: AuditDestination, maximumSize: Int64? = nil, logger: Logger) throws {
        file = try AuditFile(destination, maximumSize: maximumSize)
        isFile = if case .file = destination { true } else { false }
        self.logger = logger
    }

    package var statistics: Statistics { state.withLock { $0.statistics } }

    package func record(_ entry: AuditEntry) {
        var line = entry.line.bytes
        let startsWriter = state.withLock { state in
            guard !state.isClosed, state.waiting.readableBytes + line.readableBytes <= Self.maximumWaiting else {
                state.statistics.dropped += 1
                return false
            }
            state.waiting.writeBuffer(&line)
            state.waitingLines += 1
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if startsWriter { scheduleWriting() }
    }

    /// Opens the file again, after another program has renamed it; does nothing for standard output.
    ///
    /// - Throws: `Errno` if the file cannot be opened; the log then keeps using the earlier file. `.timedOut` if a
    ///   write blocks for 5 seconds; the file is then opened again once the write has finished.
    package func reopen() async throws {
        guard isFile else { return }
        let (results, continuation) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        queue.async { continuation.yield(Result { try self.file.reopen() }) }
        let timeout = Task {
            try await Task.sleep(for: Self.timeout)
            continuation.yield(.failure(Errno.timedOut))
        }
        defer { timeout.cancel() }
        for await result in results { return try result.get() }
    }

    /// Drops all entries recorded from now on, and waits up to 5 seconds for earlier entries to be written.
    package func close() async {
        state.withLock { $0.isClosed = true }
        let end = ContinuousClock.now + Self.timeout
        while state.withLock({ $0.isWriting }), ContinuousClock.now < end {
            guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return }
        }
    }

    // MARK: Writer

    private func scheduleWriting() {
        queue.asyncAfter(deadline: .now() + Self.delay) { self.writeWaiting() }
    }

    /// Writes the waiting lines; runs on ``queue``.
    private func writeWaiting() {
        let (bytes, lines) = state.withLock { state in
            // Replaces the buffer instead of clearing it, to release the memory after a burst of lines.
            defer { (state.waiting, state.waitingLines) = (ByteBuffer(), 0) }
            return (state.waiting, state.waitingLines)
        }
        write(bytes, lines: lines)
        let continues = state.withLock { state in
            state.isWriting = state.waitingLines > 0
            return state.isWriting
        }
        if continues { scheduleWriting() }
    }

    private func write(_ bytes: ByteBuffer, lines: Int) {
        let outcome = file.write(bytes)
        let lost = min(outcome.lostLines, lines)
        let statistics = state.withLock { state in
            state.statistics.written += UInt64(lines - lost)
            state.statistics.dropped += UInt64(lost)
            return state.statistics
        }
        if let error = outcome.rotationError {
            logger.error("audit log not rotated", metadata: ["error": "\(error)"])
        }
        switch outcome.change {
        case .none: break
        case .failed(let error):
            logger.error("audit log not written; lines are dropped", metadata: ["error": "\(error)"])
        case .recovered:
            logger.notice("audit log writable again", metadata: ["dropped": "\(statistics.dropped)"])
        }
    }
}
