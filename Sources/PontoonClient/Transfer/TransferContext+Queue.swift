import NIOPosix
import PontoonCore
import Synchronization

extension TransferContext {
    /// Maximum number of files that a job prepares at a time.
    static var filesPerPreparation: Int { 1000 }

    /// Transfers all files of a job while reporting progress and adapting the concurrency.
    ///
    /// - Returns: The results in the order of the items.
    /// - Throws: The error with which the first files could not be prepared; later ones fail with the error.
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

    /// Starts the files in order, with at most ``TransferJob/maximumOpenFiles`` in progress at a time.
    ///
    /// Files for which ``TransferJob/isLast(_:)`` is `true` start after all others have succeeded.
    private func transferInOrder(_ job: some TransferJob<Item>) async throws -> [TransferResult<Item>] {
        let last = job.items.indices.filter { job.isLast(job.items[$0]) }
        let order = job.items.indices.filter { !job.isLast(job.items[$0]) } + last
        let fatal = FatalRefusal()
        return try await withThrowingTaskGroup(of: TransferResult<Item>.self) { group in
            var results = TransferResults(job.items)
            var open = 0
            var (heldBack, unprepared): (ClientError?, (any Error)?)
            queue: for (position, index) in order.enumerated() {
                if position % Self.filesPerPreparation == 0, fatal.error == nil {
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
                    for try await result in group { results.add(result) }
                    open = 0
                    heldBack = .heldBack(by: results.failures)
                }
                if open == job.maximumOpenFiles, let result = try await group.next() {
                    results.add(result)
                    open -= 1
                }
                let file = TransferFile(context: self, index: index, item: job.items[index])
                var start = if let unprepared { TransferStart(failed: unprepared) } else { await job.start(file) }
                if case .transfer = start, let error: any Error = fatal.error ?? (Task.isCancelled ? nil : heldBack) {
                    start = TransferStart(failed: error)
                }
                switch start {
                case .ended(let ending): results.add(await finish(file, ending, of: job.items))
                case .transfer(let transfer):
                    guard await admit(file, isUnderPermit: job.opensFilesUnderPermit) else { break queue }
                    group.addTask {
                        let ending = await self.ending(file, transfer)
                        if case .failed(let error as APIError) = ending.outcome, job.isFatal(error) {
                            fatal.note(error)
                        }
                        return await finish(file, ending, of: job.items)
                    }
                    open += 1
                }
            }
            for try await result in group { results.add(result) }
            return results.all
        }
    }

    /// Waits until a file may start.
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

/// The results of a job's files, which are cancelled until their result is known.
private struct TransferResults<Item: TransferItem> {
    private(set) var all: [TransferResult<Item>]
    /// Number of files that failed or were cancelled after they had started.
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
    /// Creates the ending of a file whose transfer threw an error.
    init(failed error: any Error) {
        let isCancelled = error is CancellationError || Task.isCancelled
        self.init(outcome: isCancelled ? .cancelled : .failed(error))
    }
}

extension TransferStart {
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
