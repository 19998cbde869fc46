import PontoonCore
import Synchronization

/// A snapshot of a transfer's progress.
public struct TransferProgress: Sendable {
    /// The progress of one file.
    public struct File: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// Length in bytes; for a stream of unknown length, the number of bytes read so far.
        public let size: Int64
        /// Number of bytes that are stored or in flight.
        public let doneBytes: Int64
        /// Number of parts, or of ranges in a download; 0 for a stream of unknown length.
        public let parts: Int
        /// Number of stored parts or ranges.
        public let doneParts: Int
        /// Whether all parts of an upload are stored and the upload is being completed; `false` for downloads.
        public let isVerifying: Bool

        /// Whether the file is a stream of unknown length of which some bytes have been read.
        public var isOpenEnded: Bool { parts == 0 && size > 0 }
    }

    /// Files whose transfer has started and has not ended, in the order of the items.
    public let active: [File]
    /// Number of files in the run.
    public let files: Int
    /// Number of files that have a result, including skipped files and files that failed before they were opened.
    public let finishedFiles: Int
    /// Number of files that failed or were cancelled; included in ``finishedFiles``.
    public let failedFiles: Int
    /// Total length, in bytes, of the files whose length is known.
    public let bytes: Int64
    /// Number of bytes done, at most ``bytes``.
    ///
    /// Includes all bytes of the files that are complete at their destination or were skipped, and the bytes of active
    /// files that are stored or in flight.
    public let doneBytes: Int64
    /// Number of bytes that are still to be transferred, excluding those of failed and cancelled files.
    public let remainingBytes: Int64
    /// Number of bytes that this run sent or received, including repeated ones.
    public let transferredBytes: Int64
    /// Current maximum number of parts or ranges in flight.
    public let concurrency: Int
}

/// The progress of all files of a run.
///
/// It is updated for every chunk, and read for every progress event.
final class ProgressBoard: Sendable {
    struct File {
        var size: Int64 = 0
        var parts = 0
        var doneBytes: Int64 = 0
        var doneParts = 0
        var transferredBytes: Int64 = 0
        var resumedBytes: Int64 = 0
        var hasStarted = false
        var isVerifying = false
        var uploadID: String?
    }

    struct Totals {
        var finishedFiles = 0
        var failedFiles = 0
        /// Total length, in bytes, of the files whose length is known.
        var bytes: Int64 = 0
        /// Total length, in bytes, of the files that were transferred, were already at their destination, or were
        /// skipped.
        var finishedBytes: Int64 = 0
        /// Total length, in bytes, of the files that failed or were cancelled.
        var failedBytes: Int64 = 0
        var transferredBytes: Int64 = 0
        /// Estimated number of requests: one for each stored part and each finished file.
        var requests = 0
    }

    private struct State {
        /// Lengths of the files in bytes, by index; 0 for an unknown length.
        var sizes: [Int64]
        var active: [Int: File] = [:]
        var totals = Totals()
    }

    let files: Int
    private let state: Mutex<State>

    /// Creates a board for files with these lengths in bytes.
    ///
    /// An unknown length is 0 until ``FileProgress/opened(size:)``.
    init(sizes: [Int64]) {
        files = sizes.count
        var state = State(sizes: sizes)
        state.totals.bytes = sizes.clampedSum
        self.state = Mutex(state)
    }

    /// Total length of the files whose length is known, in bytes.
    var bytes: Int64 { state.withLock { $0.totals.bytes } }

    /// Returns the length of a file in bytes; 0 if it is not known.
    func size(_ index: Int) -> Int64 { state.withLock { $0.sizes[index] } }

    /// A measure of the work done: the transferred bytes, plus 256 KiB per request.
    ///
    /// Requests are included, because they limit the throughput of small files more than the number of bytes does.
    var work: Double {
        state.withLock { Double($0.totals.transferredBytes) + Double($0.totals.requests) * Double(256 << 10) }
    }

    func update<Value>(_ index: Int, _ body: (inout File, inout Totals) -> Value) -> Value {
        state.withLock { body(&$0.active[index, default: File()], &$0.totals) }
    }

    func opened(_ index: Int, size: Int64) {
        state.withLock { state in
            state.totals.bytes = max(0, state.totals.bytes - state.sizes[index]).addingClamped(size)
            state.sizes[index] = size
            state.active[index, default: File()].size = size
        }
    }

    /// Records that a file has a result: removes it from the active files and adds its length to the totals.
    ///
    /// - Returns: The file's last progress; all zero if none was recorded.
    func finish(_ index: Int, isSuccess: Bool) -> File {
        state.withLock { state in
            let file = state.active.removeValue(forKey: index) ?? File()
            state.totals.finishedFiles += 1
            state.totals.failedFiles += isSuccess ? 0 : 1
            let size = state.sizes[index]
            let total: WritableKeyPath<Totals, Int64> = isSuccess ? \.finishedBytes : \.failedBytes
            state.totals[keyPath: total] = state.totals[keyPath: total].addingClamped(size)
            state.totals.requests += 1
            return file
        }
    }

    func snapshot(concurrency: Int) -> TransferProgress {
        state.withLock { state in
            let active = state.active.filter(\.value.hasStarted).sorted { $0.key < $1.key }.map { index, file in
                TransferProgress.File(
                    index: index,
                    size: file.size,
                    doneBytes: file.doneBytes,
                    parts: file.parts,
                    doneParts: file.doneParts,
                    isVerifying: file.isVerifying
                )
            }
            let totals = state.totals
            let done = totals.finishedBytes.addingClamped(active.lazy.map { min($0.doneBytes, $0.size) }.clampedSum)
            return TransferProgress(
                active: active,
                files: files,
                finishedFiles: totals.finishedFiles,
                failedFiles: totals.failedFiles,
                bytes: totals.bytes,
                doneBytes: min(done, totals.bytes),
                remainingBytes: max(0, totals.bytes - totals.failedBytes.addingClamped(done)),
                transferredBytes: totals.transferredBytes,
                concurrency: concurrency
            )
        }
    }
}

/// One file's entry on the ``ProgressBoard``.
struct FileProgress: Sendable {
    let board: ProgressBoard
    let index: Int

    var uploadID: String? { board.update(index) { file, _ in file.uploadID } }

    /// Records the file's length in bytes; a negative length counts as 0.
    func opened(size: Int64) { board.opened(index, size: max(0, size)) }

    /// Records that the file's transfer starts or restarts.
    ///
    /// Resets the file's counts, except the number of transferred bytes.
    func started(parts: Int, uploadID: String? = nil) {
        board.update(index) { file, _ in
            (file.doneBytes, file.doneParts, file.resumedBytes) = (0, 0, 0)
            file.parts = parts
            file.uploadID = uploadID
            file.hasStarted = true
            file.isVerifying = false
        }
    }

    /// Counts a part that an earlier run transferred and this run verified.
    func resumedPart(size: Int64) {
        board.update(index) { file, _ in
            file.doneBytes += size
            file.doneParts += 1
            file.resumedBytes += size
        }
    }

    /// Counts bytes that were sent or received.
    func transferred(_ bytes: Int64) {
        board.update(index) { file, totals in
            file.doneBytes += bytes
            file.transferredBytes += bytes
            totals.transferredBytes += bytes
        }
    }

    /// Subtracts bytes that must be transferred again from the file's done bytes, but not from its transferred bytes.
    func discarded(_ bytes: Int64) { board.update(index) { file, _ in file.doneBytes -= bytes } }

    func storedPart() {
        board.update(index) { file, totals in
            file.doneParts += 1
            totals.requests += 1
        }
    }

    func verifying() { board.update(index) { file, _ in file.isVerifying = true } }
}
