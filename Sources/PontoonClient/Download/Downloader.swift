import AsyncAlgorithms
import NIOPosix

/// Downloads files: many at once, each in ranges, each resumed where an earlier run left it.
///
/// A file appears at its target whole and compared, or not at all. Until then its bytes lie next to the target, in a
/// hidden file. Cancelling leaves a state from which the same call goes on.
public struct Downloader: Sendable {
    let client: SevenBridgesClient
    let options: DownloadOptions

    /// Takes who to call and how to download.
    public init(_ client: SevenBridgesClient, options: DownloadOptions = DownloadOptions()) {
        self.client = client
        self.options = options
    }

    /// Downloads.
    ///
    /// - Parameters:
    ///   - items: The files, in the order in which they are to end.
    ///   - observe: Reads the events while the work is done; the work waits for who does not read.
    /// - Returns: How each file ended, in the same order. A file that fails does not stop the others.
    /// - Throws: ``ClientError`` when two files have one target.
    @discardableResult
    public func download(
        _ items: [DownloadItem],
        observe: @Sendable (DownloadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [DownloadResult] {
        try Self.check(items)
        let channel = AsyncChannel<DownloadEvent>()
        return try await withThrowingTaskGroup(of: [DownloadResult].self) { group in
            group.addTask {
                defer { channel.finish() }
                return try await self.download(items, channel)
            }
            await observe(DownloadEvents(channel: channel))
            // Who stopped reading lets the events go.
            channel.finish()
            return try await group.next() ?? []
        }
    }

    private static func check(_ items: [DownloadItem]) throws {
        // By bytes: for Swift a composed and a decomposed letter are the same.
        var seen: [[UInt8]: DownloadItem] = [:]
        for item in items {
            guard let other = seen.updateValue(item, forKey: Array(FileUpload.absolutePath(item.target).utf8)) else {
                continue
            }
            throw ClientError(
                .requestInvalid,
                "'\(other.remotePath)' and '\(item.remotePath)' would both become '\(item.target)'.",
                advice: "Download them one by one, each with its own --output."
            )
        }
    }

    private func download(
        _ items: [DownloadItem],
        _ channel: AsyncChannel<DownloadEvent>
    ) async throws -> [DownloadResult] {
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        let results = await downloadAll(items, makeRun(items, channel, threads))
        try await threads.shutdownGracefully()
        return results
    }

    private func makeRun(
        _ items: [DownloadItem],
        _ channel: AsyncChannel<DownloadEvent>,
        _ threads: NIOThreadPool
    ) -> DownloadRun {
        var observed = client
        observed.onRetry = { notice in
            await channel.send(
                .retrying(index: nil, purpose: notice.purpose, reason: notice.reason, wait: notice.wait)
            )
        }
        let wanted =
            switch options.parallel {
            case .automatic: 32
            case .fixed(let width): width
            }
        let memory = MemoryPlan(maximumMemory: options.maximumMemory, wanted: wanted)
        let first = ParallelTuner(limit: memory.width).width
        return DownloadRun(
            client: observed,
            options: options,
            memory: memory,
            threads: threads,
            bucket: options.bandwidth.map { TokenBucket(bytesPerSecond: $0) },
            slots: Slots(width: options.parallel == .automatic ? first : memory.width),
            board: ProgressBoard(files: items.count, bytes: Self.bytes(items)),
            channel: channel
        )
    }

    private static func bytes(_ items: [DownloadItem]) -> Int64 { items.reduce(0) { $0 + ($1.size ?? 0) } }

    private func downloadAll(_ items: [DownloadItem], _ run: DownloadRun) async -> [DownloadResult] {
        await run.tell(.began(files: items.count, bytes: Self.bytes(items)))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while (try? await Task.sleep(for: .milliseconds(200))) != nil {
                    await run.tell(.progress(run.board.snapshot(parallel: run.slots.width)))
                }
            }
            if options.parallel == .automatic { group.addTask { await Self.tune(run) } }
            let results = await Self.queue(items, run)
            group.cancelAll()
            await run.tell(.progress(run.board.snapshot(parallel: run.slots.width)))
            return results
        }
    }

    private static func tune(_ run: DownloadRun) async {
        var tuner = ParallelTuner(limit: run.memory.width)
        var (work, time) = (0.0, ContinuousClock.now)
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let (newWork, now) = (run.board.work, ContinuousClock.now)
            tuner.observe(throughput: (newWork - work) / (now - time).inSeconds, isSaturated: run.slots.isSaturated)
            run.slots.setWidth(tuner.width)
            (work, time) = (newWork, now)
        }
    }

    /// The files one after the other, some at a time.
    private static func queue(_ items: [DownloadItem], _ run: DownloadRun) async -> [DownloadResult] {
        let refusal = Locked<APIError?>(nil)
        return await withTaskGroup(of: DownloadResult.self) { group in
            var results = [DownloadResult?](repeating: nil, count: items.count)
            var running = 0
            for index in items.indices {
                if running == min(32, run.memory.width), let result = await group.next() {
                    results[result.index] = result
                    running -= 1
                }
                if Task.isCancelled { break }
                group.addTask {
                    let result: DownloadResult
                    if let known = refusal.value {
                        // A token that is refused is refused for all files.
                        result = DownloadResult(index: index, item: items[index], outcome: .failed(known))
                        run.board.end(index, size: 0, isThere: false)
                    } else {
                        result = await FileDownload(run: run, index: index, item: items[index]).download()
                    }
                    if case .failed(let error as APIError) = result.outcome, error.concernsToken {
                        refusal.value = error
                    }
                    await run.tell(.ended(result))
                    return result
                }
                running += 1
            }
            for await result in group { results[result.index] = result }
            return results.enumerated().map { index, result in
                result ?? DownloadResult(index: index, item: items[index], outcome: .cancelled)
            }
        }
    }
}
