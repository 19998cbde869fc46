import AsyncAlgorithms
import Foundation
import Glibc
import NIOHTTP1
import NIOPosix
import PontoonCore
import SystemPackage

/// Uploads files: many at once, each in parts, each resumed where an earlier run left it.
///
/// Cancelling leaves a state from which the same call goes on.
public struct Uploader: Sendable {
    let client: SevenBridgesClient
    let options: UploadOptions

    /// Takes who to call and how to upload.
    public init(_ client: SevenBridgesClient, options: UploadOptions) {
        self.client = client
        self.options = options
    }

    /// Uploads.
    ///
    /// - Parameters:
    ///   - items: The files, in the order in which they are to end.
    ///   - observe: Reads the events while the work is done; the work waits for who does not read.
    /// - Returns: How each file ended, in the same order. A file that fails does not stop the others.
    /// - Throws: ``APIError``, ``ClientError`` when nothing could be begun at all.
    @discardableResult
    public func upload(
        _ items: [UploadItem],
        observe: @Sendable (UploadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [UploadResult] {
        let channel = AsyncChannel<UploadEvent>()
        return try await withThrowingTaskGroup(of: [UploadResult].self) { group in
            group.addTask {
                defer { channel.finish() }
                return try await self.upload(items, channel)
            }
            await observe(UploadEvents(channel: channel))
            // Who stopped reading lets the events go.
            channel.finish()
            return try await group.next() ?? []
        }
    }

    private func upload(_ items: [UploadItem], _ channel: AsyncChannel<UploadEvent>) async throws -> [UploadResult] {
        try check(items)
        let sizes = Self.sizes(items)
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        do {
            let run = try await makeRun(items, sizes, channel, threads)
            let results = try await upload(items, sizes, run)
            try run.finished?.close()
            try await threads.shutdownGracefully()
            return results
        } catch {
            try await threads.shutdownGracefully()
            throw error
        }
    }

    func check(_ items: [UploadItem]) throws {
        var seen: [ExactText: UploadItem] = [:]
        for item in items {
            if let other = seen.updateValue(item, forKey: ExactText(item.remotePath)) {
                throw ClientError(
                    .requestInvalid,
                    "'\(other.source)' and '\(item.source)' would both become '\(item.remotePath)'.",
                    advice: "Keep the folders with --keep-tree, or leave one of them out."
                )
            }
        }
        guard options.uploadID == nil || items.count == 1 else {
            throw ClientError(.requestInvalid, "An upload id belongs to one file, not to \(items.count).")
        }
    }

    /// Lengths of the files, 0 for those that cannot be read: they fail later, each on its own.
    static func sizes(_ items: [UploadItem]) -> [Int64] {
        items.map { item in
            var status = stat()
            return stat(item.source.string, &status) == 0 ? Int64(status.st_size) : 0
        }
    }

    private func makeRun(
        _ items: [UploadItem],
        _ sizes: [Int64],
        _ channel: AsyncChannel<UploadEvent>,
        _ threads: NIOThreadPool
    ) async throws -> UploadRun {
        var observed = client
        observed.onRetry = { notice in
            await channel.send(
                .retrying(index: nil, purpose: notice.purpose, reason: notice.reason, wait: notice.wait)
            )
        }
        let server = try await observed.index()
        let limits = try await observed.limits(server)
        let wanted =
            switch options.parallel {
            case .automatic: 64
            case .fixed(let width): width
            }
        let memory = MemoryPlan(maximumMemory: options.maximumMemory, wanted: wanted)
        let lanes = PartBody.Lanes(
            threads: threads,
            chunk: memory.chunk,
            bucket: options.bandwidth.map { TokenBucket(bytesPerSecond: $0) }
        )
        let state = try options.state.map { try StateFolder($0) }
        let totalBytes = sizes.reduce(0, +)
        // Small files wait for answers rather than for the link: more of them at once from the beginning.
        let isSmall = totalBytes / Int64(max(1, items.count)) < 1 << 20
        let first = ParallelTuner(limit: memory.width, start: isSmall ? 32 : 4).width
        return UploadRun(
            client: observed,
            options: options,
            server: server,
            limits: limits,
            totalBytes: totalBytes,
            memory: memory,
            lanes: lanes,
            slots: Slots(width: options.parallel == .automatic ? first : memory.width),
            board: ProgressBoard(files: items.count, bytes: totalBytes),
            channel: channel,
            state: state,
            finished: try state.map { try $0.finishedLog(JournalKey(client, options.destination)) }
        )
    }

    private func upload(_ items: [UploadItem], _ sizes: [Int64], _ run: UploadRun) async throws -> [UploadResult] {
        await run.tell(.began(files: items.count, bytes: run.totalBytes))
        let candidates = try await run.threads.runIfActive { [options] in
            items.map { item -> FinishedRecord? in
                guard !options.startsAfresh, let finished = run.finished, !finished.isEmpty else { return nil }
                return finished.record(of: item)
            }
        }
        var places = RemotePlaces(options.destination)
        let wanted = zip(items, candidates).filter { options.skipExisting || $1 != nil }.map(\.0)
        try await places.prepare(items, lookingUp: wanted, client: run.client)
        let files = FileQueue(run: run, items: items, candidates: candidates, places: places)
        return await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.tick(run) }
            if options.parallel == .automatic { group.addTask { try await Self.tune(run) } }
            let results = await files.uploadAll()
            group.cancelAll()
            await run.tell(.progress(run.board.snapshot(parallel: run.slots.width)))
            return results
        }
    }

    /// Tells several times a second where things stand.
    private static func tick(_ run: UploadRun) async throws {
        while !Task.isCancelled {
            try await Task.sleep(for: .milliseconds(200))
            await run.tell(.progress(run.board.snapshot(parallel: run.slots.width)))
        }
    }

    private static func tune(_ run: UploadRun) async throws {
        var tuner = ParallelTuner(limit: run.memory.width, start: run.slots.width)
        var (work, time) = (0.0, ContinuousClock.now)
        while !Task.isCancelled {
            try await Task.sleep(for: .seconds(1))
            let (newWork, now) = (run.board.work, ContinuousClock.now)
            tuner.observe(throughput: (newWork - work) / (now - time).inSeconds, isSaturated: run.slots.isSaturated)
            run.slots.setWidth(tuner.width)
            (work, time) = (newWork, now)
        }
    }
}

extension SevenBridgesClient {
    /// What the endpoint allows, by asking where the token stands.
    func limits(_ server: ServerIndex) async throws -> PartPlan.Limits {
        var limits = PartPlan.Limits()
        limits.callsPerPart = (server.givesPartInfos ? 0.01 : 1) + (server.takesReportsAtComplete ? 0 : 1)
        _ = try await perform(APIRequest(method: .GET, path: "/rate_limit", purpose: "ask for the limit of calls"))
        // What allows thousands of calls a second is no limit.
        if let budget = rateBudget, budget.limit > 0, budget.limit < 1_000_000 { limits.calls = budget.limit }
        return limits
    }
}

extension JournalKey {
    /// The key that only the place matters of.
    init(_ client: SevenBridgesClient, _ destination: UploadDestination) {
        self.init(endpoint: client.endpoint.url, destination: destination, source: "", remotePath: "")
    }
}

extension FinishedLog {
    /// What is known of an item whose file is as it was then; blocks.
    func record(of item: UploadItem) -> FinishedRecord? {
        var status = stat()
        guard stat(item.source.string, &status) == 0 else { return nil }
        return record(
            source: FileUpload.absolutePath(item.source),
            remotePath: item.remotePath,
            facts: FileFacts(status)
        )
    }
}
