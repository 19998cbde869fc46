import NIOPosix
import PontoonCore
import Synchronization

extension TransferContext {
    /// Maximum number of files that a job prepares at a time.
    static var filesPerPreparation: Int { 1000 }
    /// Maximum number of batches of files that are transferred at the same time.
    private static var maximumBatches: Int { 3 }
    /// Maximum number of files from one batch that are transferred individually at the same time.
    private static var filesAfterBatch: Int { 16 }

    /// Transfers all files of a job while reporting progress and adapting the concurrency.
    ///
    /// - Returns: The results in the order of the items. If the task is cancelled, the files that have not started are
    ///   cancelled.
    /// - Throws: The error of the first call of ``TransferJob/prepare(_:)``. If a later call fails, only its files
    ///   fail.
    func run(_ job: some TransferJob<Item>) async throws -> [TransferResult<Item>] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reportProgress() }
            if options.concurrency == .automatic { group.addTask { await tuneConcurrency() } }
            defer { group.cancelAll() }
            let results = try await transferInOrder(job)
            group.cancelAll()
            await emitProgress()
            return results
        }
    }

    /// Starts the files in order, with at most ``TransferJob/maximumOpenFiles`` individual files and ``maximumBatches``
    /// batches in progress at a time.
    ///
    /// Files for which ``TransferJob/isLast(_:)`` is `true` start after all others have succeeded; otherwise they fail.
    private func transferInOrder(_ job: some TransferJob<Item>) async throws -> [TransferResult<Item>] {
        let last = job.items.indices.filter { job.isLast(job.items[$0]) }
        let order = job.items.indices.filter { !job.isLast(job.items[$0]) } + last
        let fatal = FatalRefusal()
        return try await withThrowingTaskGroup(of: Ended.self) { group in
            var results = TransferResults(job.items)
            var (open, batches) = (0, 0)
            var batch = TransferBatch<Item>()
            var (heldBack, unprepared): (ClientError?, (any Error)?)
            func note(_ ended: Ended) {
                for result in ended.results { results.add(result) }
                if ended.isBatch { batches -= 1 } else { open -= 1 }
            }
            /// Starts a file once fewer than ``TransferJob/maximumOpenFiles`` are in progress; returns `false` after
            /// cancellation.
            func begin(_ file: TransferFile<Item>, _ transfer: @escaping Transfer) async throws -> Bool {
                while open >= job.maximumOpenFiles, let ended = try await group.next() { note(ended) }
                guard await admit(file, isUnderPermit: job.opensFilesUnderPermit) else { return false }
                group.addTask { Ended(results: [await result(of: file, transfer, job, fatal)], isBatch: false) }
                open += 1
                return true
            }
            /// Starts the files collected in the batch, individually if there are fewer than
            /// ``TransferJob/minimumBatch``; returns `false` after cancellation.
            func beginBatch() async throws -> Bool {
                let files = batch.take()
                guard let first = files.first else { return true }
                if let error = fatal.error {
                    for file in files { results.add(await finish(file, TransferEnding(failed: error), of: job.items)) }
                    return true
                }
                if files.count < job.minimumBatch {
                    for file in files {
                        switch await job.startAlone(file) {
                        case .ended(let ending): results.add(await finish(file, ending, of: job.items))
                        case .transfer(let transfer): if try await !begin(file, transfer) { return false }
                        case .together: break
                        }
                    }
                    return true
                }
                while batches >= Self.maximumBatches, let ended = try await group.next() { note(ended) }
                guard await admit(first, isUnderPermit: true) else { return false }
                group.addTask { Ended(results: await self.results(of: files, job, fatal), isBatch: true) }
                batches += 1
                return true
            }
            queue: for (position, index) in order.enumerated() {
                if position % Self.filesPerPreparation == 0, fatal.error == nil {
                    guard try await beginBatch() else { break queue }
                    do {
                        unprepared = nil
                        try await job.prepare(order[position...].prefix(Self.filesPerPreparation))
                    } catch {
                        if position == 0 { throw error }
                        if Task.isCancelled { break queue }
                        unprepared = error
                    }
                }
                if index == last.first {
                    guard try await beginBatch() else { break queue }
                    while let ended = try await group.next() { note(ended) }
                    heldBack = .heldBack(by: results.failures)
                }
                while open >= job.maximumOpenFiles, let ended = try await group.next() { note(ended) }
                let file = TransferFile(context: self, index: index, item: job.items[index])
                var start = if let unprepared { TransferStart(failed: unprepared) } else { await job.start(file) }
                if start.isTransfer, let error: any Error = fatal.error ?? (Task.isCancelled ? nil : heldBack) {
                    start = TransferStart(failed: error)
                }
                switch start {
                case .ended(let ending): results.add(await finish(file, ending, of: job.items))
                case .transfer(let transfer): guard try await begin(file, transfer) else { break queue }
                case .together(let size):
                    batch.add(file, size: size)
                    if batch.isFull(limit: job.maximumBatch) { guard try await beginBatch() else { break queue } }
                }
            }
            if !Task.isCancelled { _ = try await beginBatch() }
            while let ended = try await group.next() { note(ended) }
            return results.all
        }
    }

    private typealias Transfer = @Sendable () async throws -> TransferEnding

    /// The results of a file, or of files that were transferred together.
    private struct Ended: Sendable {
        let results: [TransferResult<Item>]
        let isBatch: Bool
    }

    /// Transfers one file, and then releases its permit if it holds one.
    private func result(
        of file: TransferFile<Item>,
        _ transfer: Transfer,
        _ job: some TransferJob<Item>,
        _ fatal: FatalRefusal
    ) async -> TransferResult<Item> {
        let ending = await ending(file, transfer)
        note(ending, job, fatal)
        return await finish(file, ending, of: job.items)
    }

    private func note(_ ending: TransferEnding, _ job: some TransferJob<Item>, _ fatal: FatalRefusal) {
        if case .failed(let error as APIError) = ending.outcome, job.isFatal(error) { fatal.note(error) }
    }

    /// Transfers files together, under the permit of the first file, and then individually transfers the files that
    /// could not be transferred together.
    private func results(
        of files: [TransferFile<Item>],
        _ job: some TransferJob<Item>,
        _ fatal: FatalRefusal
    ) async -> [TransferResult<Item>] {
        let results = Mutex<[TransferResult<Item>]>([])
        let rest = await job.transferTogether(files) { file, ending in
            note(ending, job, fatal)
            let result = await finish(file, ending, of: job.items)
            results.withLock { $0.append(result) }
        }
        files.first?.permit.release()
        let others = await withTaskGroup(of: TransferResult<Item>.self) { group in
            var (all, open) = ([TransferResult<Item>](), 0)
            for file in rest {
                if open == Self.filesAfterBatch, let result = await group.next() {
                    all.append(result)
                    open -= 1
                }
                group.addTask { await resultAlone(of: file, job, fatal) }
                open += 1
            }
            for await result in group { all.append(result) }
            return all
        }
        return results.withLock { $0 } + others
    }

    private func resultAlone(
        of file: TransferFile<Item>,
        _ job: some TransferJob<Item>,
        _ fatal: FatalRefusal
    ) async -> TransferResult<Item> {
        var ending = TransferEnding(outcome: .cancelled)
        if let error = fatal.error {
            ending = TransferEnding(failed: error)
        } else {
            switch await job.startAlone(file) {
            case .ended(let known): ending = known
            case .transfer(let transfer):
                if await admit(file, isUnderPermit: job.opensFilesUnderPermit) {
                    return await result(of: file, transfer, job, fatal)
                }
            case .together: break
            }
        }
        return await finish(file, ending, of: job.items)
    }

    /// Waits for a file's permit if `isUnderPermit` is `true`.
    ///
    /// - Returns: Whether the file may start; `false` after cancellation.
    private func admit(_ file: TransferFile<Item>, isUnderPermit: Bool) async -> Bool {
        guard isUnderPermit else { return !Task.isCancelled }
        do {
            // Parts of files that have already started take precedence.
            try await file.permit.acquire(priority: board.files + file.index)
            return true
        } catch {
            return false
        }
    }

    private func ending(
        _ file: TransferFile<Item>,
        _ transfer: () async throws -> TransferEnding
    ) async -> TransferEnding {
        defer { file.permit.release() }
        do {
            return try await transfer()
        } catch {
            return TransferEnding(failed: error)
        }
    }

    private func finish(
        _ file: TransferFile<Item>,
        _ ending: TransferEnding,
        of items: [Item]
    ) async -> TransferResult<Item> {
        let progress = board.finish(file.index, isSuccess: ending.outcome.isSuccess)
        let result = TransferResult(items, index: file.index, ending: ending, progress: progress)
        await emit(.finished(result))
        return result
    }
}

extension TransferContext {
    private func emitProgress() async {
        await emit(.progress(board.snapshot(concurrency: permits.limit)))
    }

    private func reportProgress() async {
        while (try? await Task.sleep(for: max(options.progressInterval, .milliseconds(10)))) != nil {
            await emitProgress()
        }
    }

    private func tuneConcurrency() async {
        var controller = ConcurrencyController(limit: memory.concurrency, start: permits.limit)
        var (work, time) = (board.work, ContinuousClock.now)
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let (newWork, now) = (board.work, ContinuousClock.now)
            controller.observe(throughput: (newWork - work) / (now - time).inSeconds, isSaturated: permits.isSaturated)
            permits.setLimit(controller.concurrency)
            (work, time) = (newWork, now)
        }
    }
}

/// The error response, if any, after which no further file is started.
private final class FatalRefusal: Sendable {
    private let state = Mutex<APIError?>(nil)

    var error: APIError? { state.withLock { $0 } }
    func note(_ error: APIError) { state.withLock { $0 = error } }
}

/// Files that will be transferred together.
private struct TransferBatch<Item: TransferItem> {
    private var files: [TransferFile<Item>] = []
    private var bytes: Int64 = 0

    mutating func add(_ file: TransferFile<Item>, size: Int64) {
        files.append(file)
        bytes = bytes.addingClamped(size)
    }

    func isFull(limit: (files: Int, bytes: Int64)) -> Bool { files.count >= limit.files || bytes >= limit.bytes }

    /// Removes and returns the files.
    mutating func take() -> [TransferFile<Item>] {
        defer { self = TransferBatch() }
        return files
    }
}

/// The results of a job's files; the outcome is `.cancelled` until the result of a file is known.
private struct TransferResults<Item: TransferItem> {
    private(set) var all: [TransferResult<Item>]
    /// Number of files added so far that failed or were cancelled.
    private(set) var failures = 0

    init(_ items: [Item]) {
        all = items.indices.map { TransferResult(items, index: $0, ending: TransferEnding(outcome: .cancelled)) }
    }

    mutating func add(_ result: TransferResult<Item>) {
        all[result.index] = result
        if !result.isSuccess { failures += 1 }
    }
}

extension TransferEnding {
    /// Creates the ending of a file that failed with an error.
    ///
    /// The outcome is `.cancelled` if the error is a `CancellationError` or the task is cancelled.
    init(failed error: any Error) {
        let isCancelled = error is CancellationError || Task.isCancelled
        self.init(outcome: isCancelled ? .cancelled : .failed(error))
    }
}

extension TransferStart {
    fileprivate var isTransfer: Bool { if case .ended = self { false } else { true } }

    /// Creates the start of a file that fails without being opened.
    fileprivate init(failed error: any Error) { self = .ended(TransferEnding(failed: error)) }
}

extension TransferResult {
    fileprivate init(
        _ items: [Item],
        index: Int,
        ending: TransferEnding,
        progress: ProgressBoard.File = ProgressBoard.File()
    ) {
        let item = items[index]
        self.init(
            index: index,
            items: items,
            outcome: ending.outcome,
            fileID: ending.fileID ?? item.fileID,
            size: progress.size,
            transferredBytes: progress.transferredBytes,
            resumedBytes: progress.resumedBytes,
            md5: ending.md5,
            verification: ending.verification,
            uploadID: progress.uploadID,
            crc64: ending.crc64nvme.flatMap { CRC64NVME(hex: $0) },
            name: ending.name.flatMap { item.isNamed($0) ? nil : $0 }
        )
    }
}
