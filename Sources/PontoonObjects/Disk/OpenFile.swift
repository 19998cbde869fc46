import PontoonCore
import Synchronization
import SystemPackage

/// A file that contains an object or a part, open for reading and shared by its readers.
///
/// The file is closed after the last reference is released.
final class OpenFile: Sendable {
    let file: DiskFile
    /// Length in bytes when the file was opened.
    let size: Int64
    let openedAt = ContinuousClock.now
    private let executor: BlockingIOExecutor
    private let isClosed = Atomic(false)

    /// Opens a file; may block.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - options: Additional options.
    ///   - executor: The threads on which the file is closed.
    /// - Throws: `Errno`.
    init(_ path: FilePath, options: DiskFile.OpenOptions = [], executor: BlockingIOExecutor) throws {
        file = try DiskFile.open(path, .readOnly, options: options.union(.closeOnExec))
        do {
            size = try file.size()
        } catch {
            try? file.close()
            throw error
        }
        self.executor = executor
    }

    /// Closes the file immediately, on the current thread; may block.
    ///
    /// The caller must hold the only reference. An error is ignored, because no data can be lost.
    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        try? file.close()
    }

    /// Closes the file on another thread, because closing the last descriptor of a deleted file can be slow.
    deinit {
        guard !isClosed.load(ordering: .relaxed) else { return }
        executor.submit { [file] _ in _ = try? file.close() }
    }
}

/// A cache of the objects' files that were opened within the last second, so that several range requests open a file
/// only once.
///
/// Files are not cached for longer, so that a file that the operator has replaced is opened again.
final class OpenFileCache: Sendable {
    private struct State {
        var files: [ObjectKey: OpenFile] = [:]
        /// Whether a task is waiting to remove old files.
        var isWaiting = false
    }

    private let state = Mutex(State())

    /// Maximum number of files that are kept open.
    static let capacity = 16
    private static let maximumAge = Duration.seconds(1)

    /// Returns the file of an object if it was opened less than a second before `time`; otherwise `nil`.
    func file(of key: ObjectKey, at time: ContinuousClock.Instant = .now) -> OpenFile? {
        state.withLock { state in
            guard let file = state.files[key], time - file.openedAt < Self.maximumAge else { return nil }
            return file
        }
    }

    /// Adds the file of an object, which the cache keeps open for up to two seconds.
    ///
    /// If the cache already contains ``capacity`` files, removes the file that was opened first.
    func insert(_ file: OpenFile, of key: ObjectKey) {
        let mustWait = state.withLock { state in
            if state.files.count >= Self.capacity,
                let oldest = state.files.min(by: { $0.value.openedAt < $1.value.openedAt })
            {
                state.files[oldest.key] = nil
            }
            state.files[key] = file
            defer { state.isWaiting = true }
            return !state.isWaiting
        }
        guard mustWait else { return }
        Task.detached { [weak self] in
            repeat { try await Task.sleep(for: Self.maximumAge) } while self?.removeOldFiles() == true
        }
    }

    /// Removes the file of a discarded object; may block.
    ///
    /// If no reader uses the file, closes it before returning, so that its space is free for the next upload.
    /// Otherwise, the file is closed when its last reader is closed.
    func remove(_ key: ObjectKey) {
        guard var file = state.withLock({ $0.files.removeValue(forKey: key) }) else { return }
        if isKnownUniquelyReferenced(&file) { file.close() }
    }

    /// Removes the files that were opened a second ago or earlier; returns whether the cache still contains any files.
    private func removeOldFiles() -> Bool {
        state.withLock { state in
            let now = ContinuousClock.now
            state.files = state.files.filter { now - $0.value.openedAt < Self.maximumAge }
            state.isWaiting = !state.files.isEmpty
            return state.isWaiting
        }
    }
}
