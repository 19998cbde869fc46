import AsyncAlgorithms
import NIOPosix
import PontoonCore

/// State shared by all files of one run: connections, threads, permits, limits, progress and events.
struct TransferContext<Item: TransferItem>: Sendable {
    let client: SevenBridgesClient
    let options: TransferOptions
    let memory: MemoryBudget
    /// Threads for blocking file calls.
    let threads: NIOThreadPool
    let bandwidth: TokenBucket?
    let permits: PrioritySemaphore
    let board: ProgressBoard
    let channel: AsyncChannel<TransferEvent<Item>>

    /// Sends an event and waits until the consumer receives it, so a slow consumer slows down the transfer.
    ///
    /// If the consumer has stopped, the event is dropped.
    func emit(_ event: TransferEvent<Item>) async { await channel.send(event) }

    /// Sends the event ``TransferEvent/began(files:bytes:maximumConcurrency:)``.
    func emitBegan() async {
        await emit(.began(files: board.files, bytes: board.bytes, maximumConcurrency: memory.concurrency))
    }
}

/// The initial and maximum number of parts in flight with ``TransferOptions/Concurrency/automatic``.
struct AutomaticConcurrency {
    var start = 4
    var limit: Int
}

extension TransferContext {
    /// Runs `body` with a context and, concurrently, `observe` with the events that `body` emits.
    static func withContext(
        for client: SevenBridgesClient,
        options: TransferOptions,
        automatic: AutomaticConcurrency,
        board: ProgressBoard,
        observe: @Sendable (TransferEvents<Item>) async -> Void,
        _ body: @escaping @Sendable (TransferContext<Item>) async throws -> [TransferResult<Item>]
    ) async throws -> [TransferResult<Item>] {
        let channel = AsyncChannel<TransferEvent<Item>>()
        return try await withThrowingTaskGroup(of: [TransferResult<Item>].self) { group in
            group.addTask {
                defer { channel.finish() }
                let threads = NIOThreadPool(numberOfThreads: 8)
                threads.start()
                let memory = options.memory(automaticLimit: automatic.limit)
                let context = TransferContext(
                    client: client.reportingRetries(to: channel),
                    options: options,
                    memory: memory,
                    threads: threads,
                    bandwidth: options.bandwidth.map { TokenBucket($0) },
                    permits: PrioritySemaphore(
                        permits: options.concurrency == .automatic
                            ? min(automatic.start, memory.concurrency) : memory.concurrency
                    ),
                    board: board,
                    channel: channel
                )
                return try await withClosing(threads, close: { try await $0.shutdownGracefully() }) { _ in
                    try await body(context)
                }
            }
            await observe(TransferEvents(channel: channel))
            // If the consumer stops early, later events are dropped.
            channel.finish()
            return try await group.next() ?? []
        }
    }
}

extension TransferOptions {
    /// Returns the memory budget.
    ///
    /// With automatic concurrency, it allows at most `automaticLimit` parts in flight.
    func memory(automaticLimit: Int) -> MemoryBudget {
        MemoryBudget(maximumMemory: maximumMemory, requestedConcurrency: concurrency.limit ?? automaticLimit)
    }
}

extension TransferOptions.Concurrency {
    fileprivate var limit: Int? {
        switch self {
        case .automatic: nil
        case .fixed(let limit): limit
        }
    }
}

extension SevenBridgesClient {
    /// Returns a copy of the client that emits an event for each retried call.
    fileprivate func reportingRetries<Item>(to channel: AsyncChannel<TransferEvent<Item>>) -> SevenBridgesClient {
        var client = self
        client.onRetry = { notice in
            await channel.send(
                .retrying(
                    TransferEvent.Retry(
                        index: nil,
                        purpose: notice.purpose,
                        reason: notice.reason,
                        wait: notice.wait,
                        isOutage: notice.isOutage
                    )
                )
            )
        }
        return client
    }
}
