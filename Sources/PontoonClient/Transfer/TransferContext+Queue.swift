import NIOPosix
import PontoonCore
import Synchronization

extension TransferContext {
    /// Transfers all files of a job while reporting progress and adapting the concurrency.
    ///
    /// - Returns: The results in the order of the items.
    func run(_ job: some TransferJob<Item>) async -> [TransferResult<Item>] {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reportProgress() }
            if options.concurrency == .automatic { group.addTask { await tuneConcurrency() } }
            let results = await transferInOrder(job)
            group.cancelAll()
            await emitProgress()
            return results
        }
    }

    /// Starts the files in order, with at most ``TransferJob/maximumOpenFiles`` in progress at a time.
    ///
    /// Files for which ``TransferJob/isLast(_:)`` is `true` start after all others have succeeded.
    private func transferInOrder(_ job: some TransferJob<Item>) async -> [TransferResult<Item>] {
        let fatal = FatalRefusal()
        return await withTaskGroup(of: TransferResult<Item>.self) { group in
            var results = [TransferResult<Item>?](repeating: nil, count: job.items.count)
            var open = 0
            var heldBack: ClientError?
            let last = job.items.indices.filter { job.isLast(job.items[$0]) }
            for index in job.items.indices.filter({ !job.isLast(job.items[$0]) }) + last {
                let item = job.items[index]
                if index == last.first {
                    for await result in group { results[result.index] = result }
                    open = 0
                    heldBack = .heldBack(by: results.count { $0?.isSuccess == false })
                }
                if open == job.maximumOpenFiles, let result = await group.next() {
                    results[result.index] = result
                    open -= 1
                }
                let file = TransferFile(context: self, index: index, item: item)
                if let ending = job.knownEnding(of: file) ?? fatal.error.map(TransferEnding.init)
                    ?? heldBack.flatMap({ Task.isCancelled ? nil : TransferEnding(outcome: .failed($0)) })
                {
                    results[index] = await finish(file, ending)
                    continue
                }
                guard await admit(file, isUnderPermit: job.opensFilesUnderPermit) else { break }
                group.addTask {
                    let ending = await transfer(file, job)
                    if case .failed(let error as APIError) = ending.outcome, job.isFatal(error) {
                        fatal.note(error)
                    }
                    return await finish(file, ending)
                }
                open += 1
            }
            for await result in group { results[result.index] = result }
            return results.enumerated().map { index, result in
                // A file without a result was never started.
                result ?? TransferResult(job.items[index], index: index, ending: TransferEnding(outcome: .cancelled))
            }
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

    private func transfer(_ file: TransferFile<Item>, _ job: some TransferJob<Item>) async -> TransferEnding {
        defer { file.permit.release() }
        do {
            return try await job.transfer(file)
        } catch {
            let isCancelled = error is CancellationError || Task.isCancelled
            return TransferEnding(outcome: isCancelled ? .cancelled : .failed(error))
        }
    }

    private func finish(_ file: TransferFile<Item>, _ ending: TransferEnding) async -> TransferResult<Item> {
        let progress = board.finish(file.index, isSuccess: ending.outcome.isSuccess)
        let result = TransferResult(file.item, index: file.index, ending: ending, progress: progress)
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

extension TransferEnding {
    /// Creates the ending of a file that cannot succeed because another file failed with this error.
    fileprivate init(_ fatal: APIError) { self.init(outcome: .failed(fatal)) }
}

extension TransferResult {
    fileprivate init(
        _ item: Item,
        index: Int,
        ending: TransferEnding,
        progress: ProgressBoard.File = ProgressBoard.File()
    ) {
        self.init(
            index: index,
            item: item,
            outcome: ending.outcome,
            fileID: ending.fileID ?? item.fileID,
            size: progress.size,
            transferredBytes: progress.transferredBytes,
            resumedBytes: progress.resumedBytes,
            crc64nvme: ending.crc64nvme,
            md5: ending.md5,
            verification: ending.verification,
            uploadID: progress.uploadID,
            remotePath: ending.name.map { name in
                (item.remotePath.split(separator: "/").dropLast() + [name[...]]).joined(separator: "/")
            } ?? item.remotePath
        )
    }
}
