import Synchronization

/// Where every file stands; written by all, read several times a second.
final class ProgressBoard: Sendable {
    private struct File {
        var size: Int64
        var doneBytes: Int64 = 0
        var parts: Int
        var doneParts = 0
        var isVerifying = false
    }

    private struct State {
        var active: [Int: File] = [:]
        var endedFiles = 0
        var failedFiles = 0
        /// Bytes of files that ended well.
        var endedBytes: Int64 = 0
        var sentBytes: Int64 = 0
        /// Requests of every kind; many small files make few bytes but much work.
        var requests = 0
    }

    private let files: Int
    private let bytes: Int64
    private let state = Mutex(State())

    init(files: Int, bytes: Int64) {
        self.files = files
        self.bytes = bytes
    }

    func start(_ index: Int, size: Int64, parts: Int) {
        state.withLock { $0.active[index] = File(size: size, parts: parts) }
    }

    /// Parts that are there already.
    func resumed(_ index: Int, bytes: Int64) {
        state.withLock { state in
            state.active[index]?.doneBytes += bytes
            state.active[index]?.doneParts += 1
        }
    }

    /// Bytes on their way; negative when they have to be sent again.
    func moved(_ index: Int, bytes: Int64) {
        state.withLock { state in
            state.active[index]?.doneBytes += bytes
            if bytes > 0 { state.sentBytes += bytes }
        }
    }

    func storedPart(_ index: Int) {
        state.withLock { state in
            state.active[index]?.doneParts += 1
            state.requests += 1
        }
    }

    func verify(_ index: Int) {
        state.withLock { $0.active[index]?.isVerifying = true }
    }

    func end(_ index: Int, size: Int64, isThere: Bool) {
        state.withLock { state in
            state.active[index] = nil
            state.endedFiles += 1
            state.failedFiles += isThere ? 0 : 1
            state.endedBytes += size
            state.requests += 1
        }
    }

    /// Bytes sent so far, and a few for each request, so that small files count too.
    var work: Double { state.withLock { Double($0.sentBytes) + Double($0.requests) * Double(256 << 10) } }

    func snapshot(parallel: Int) -> UploadProgress {
        state.withLock { state in
            let active = state.active.sorted { $0.key < $1.key }.map { index, file in
                UploadProgress.File(
                    index: index,
                    size: file.size,
                    doneBytes: file.doneBytes,
                    parts: file.parts,
                    doneParts: file.doneParts,
                    isVerifying: file.isVerifying
                )
            }
            return UploadProgress(
                active: active,
                files: files,
                endedFiles: state.endedFiles,
                failedFiles: state.failedFiles,
                bytes: bytes,
                doneBytes: state.endedBytes + active.reduce(0) { $0 + $1.doneBytes },
                sentBytes: state.sentBytes,
                parallel: parallel
            )
        }
    }
}
