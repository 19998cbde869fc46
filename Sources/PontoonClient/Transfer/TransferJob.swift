import PontoonCore

/// The files of one run, and the operations that transfer them.
///
/// ``TransferContext/run(_:)`` schedules the files.
protocol TransferJob<Item>: Sendable {
    associatedtype Item: TransferItem

    var items: [Item] { get }
    /// Maximum number of files that are transferred individually at the same time.
    var maximumOpenFiles: Int { get }
    /// Whether a file waits for a permit before it is opened. If `false`, only its parts wait for permits.
    var opensFilesUnderPermit: Bool { get }

    /// Collects the data that ``start(_:)`` needs for the next files, for example whether their names are taken.
    ///
    /// Called with at most ``TransferContext/filesPerPreparation`` files at a time, so that the memory use and the time
    /// before the first transfer do not grow with the number of files.
    ///
    /// - Parameter indices: The indexes of the files.
    /// - Throws: An error with which these files fail or, in the first call, the whole run.
    func prepare(_ indices: ArraySlice<Int>) async throws
    /// Returns how to transfer a prepared file, or its outcome if it need not or cannot be transferred.
    func start(_ file: TransferFile<Item>) async -> TransferStart
    /// Maximum number of files that are transferred together, and the total length in bytes at which no further file is
    /// added.
    var maximumBatch: (files: Int, bytes: Int64) { get }
    /// Minimum number of files that are transferred together. Fewer files are transferred individually.
    var minimumBatch: Int { get }
    /// Transfers together the files for which ``start(_:)`` returned ``TransferStart/together(size:)``.
    ///
    /// - Parameters:
    ///   - files: The files, in order.
    ///   - end: Called with the outcome of each file, except the returned files.
    /// - Returns: The files that must be transferred individually.
    func transferTogether(
        _ files: [TransferFile<Item>],
        _ end: @escaping @Sendable (TransferFile<Item>, TransferEnding) async -> Void
    ) async -> [TransferFile<Item>]
    /// Like ``start(_:)``, but for a file that must be transferred individually; never returns
    /// ``TransferStart/together(size:)``.
    func startAlone(_ file: TransferFile<Item>) async -> TransferStart
    /// Returns whether an error response means that all other files will fail too.
    func isFatal(_ error: APIError) -> Bool
    /// Returns whether a file must not start before all others have succeeded.
    func isLast(_ item: Item) -> Bool
}

extension TransferJob {
    func prepare(_ indices: ArraySlice<Int>) async throws {}
    func isLast(_ item: Item) -> Bool { false }

    var maximumBatch: (files: Int, bytes: Int64) { (1, 0) }
    var minimumBatch: Int { 1 }
    func transferTogether(
        _ files: [TransferFile<Item>],
        _ end: @escaping @Sendable (TransferFile<Item>, TransferEnding) async -> Void
    ) async -> [TransferFile<Item>] { files }
    func startAlone(_ file: TransferFile<Item>) async -> TransferStart { await start(file) }
}

/// How a file will be transferred, decided before it is opened.
enum TransferStart: Sendable {
    /// The file need not be opened, because its outcome is already known.
    case ended(TransferEnding)
    /// The file must be opened and transferred. If the closure throws an error, the error becomes the file's outcome.
    case transfer(@Sendable () async throws -> TransferEnding)
    /// The file is transferred together with others. `size` is its length in bytes.
    case together(size: Int64)
}

/// One file of a run and the state needed to transfer it.
struct TransferFile<Item: TransferItem>: Sendable {
    let context: TransferContext<Item>
    let index: Int
    let item: Item
    let permit: FilePermit

    init(context: TransferContext<Item>, index: Int, item: Item) {
        self.context = context
        self.index = index
        self.item = item
        permit = FilePermit(context.permits)
    }

    var progress: FileProgress { FileProgress(board: context.board, index: index) }

    /// Runs `body` for each part, with a permit per part and at most ``MemoryBudget/concurrency`` parts at a time.
    ///
    /// - Returns: The results, in the order of `numbers`.
    /// - Throws: The first error that `body` throws; `CancellationError`.
    func mapParts<Value: Sendable>(
        _ numbers: [Int],
        _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        // A single part needs no task group, whose cost is noticeable for small files.
        if numbers.count == 1 { return [try await withPermit { try await body(numbers[0]) }] }
        return try await mapConcurrently(numbers, limit: context.memory.concurrency) { number in
            try await withPermit { try await body(number) }
        }
    }

    /// Runs `body` under the file's permit if it is still held, otherwise under a separate permit.
    private func withPermit<Value>(_ body: () async throws -> Value) async throws -> Value {
        if permit.isHeld { return try await body() }
        // Earlier files take precedence, so that files finish one after another instead of all at the end.
        try await context.permits.acquire(priority: index)
        defer { context.permits.release() }
        return try await body()
    }

    /// Repeats an attempt according to the retry policy, and emits an event for each retry.
    ///
    /// - Parameters:
    ///   - purpose: The attempted action for the event, such as `send part 3`.
    ///   - classify: Describes an error for the policy; if it returns `nil`, the error is thrown unchanged.
    ///   - refreshURL: Called before a retry that needs a new signed URL.
    ///   - attempt: Performs one attempt.
    /// - Returns: The value of the successful attempt.
    /// - Throws: The error of the last attempt, as described by `classify`; `CancellationError` if the task is
    ///   cancelled during a pause.
    func withRetries<Value>(
        purpose: String,
        classify: (any Error) -> FailedAttempt?,
        refreshURL: () -> Void,
        _ attempt: () async throws -> Value
    ) async throws -> Value {
        let client = context.client
        return try await client.transport.settings.retry.withRetries(
            contact: client.storageContact,
            classify: classify
        ) { failure, retry in
            if retry.refreshesURL { refreshURL() }
            await context.emit(
                .retrying(
                    TransferEvent.Retry(
                        index: index,
                        purpose: purpose,
                        reason: "\(failure.error)",
                        wait: retry.wait,
                        isOutage: retry.isOutage
                    )
                )
            )
        } _: {
            try await attempt()
        }
    }
}
