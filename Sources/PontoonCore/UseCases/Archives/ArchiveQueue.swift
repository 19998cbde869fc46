import NIOCore
import Synchronization

/// A received entry of an archive, in the queue of entries to store.
enum ArchiveItem: Sendable {
    case file(ArchiveFile)
    case folder(ArchivePath, displayPath: String)
    /// An entry that was already stored or refused.
    case done(ArchiveResult)
}

/// A small file of an archive, with all its bytes.
struct ArchiveFile: Sendable {
    let displayPath: String
    let path: ArchivePath
    let bytes: ByteBuffer
    let expected: ExpectedChecksums
    let labels: FileLabels
    /// Length in bytes of the labels as JSON.
    let labelsSize: Int
}

/// The queue between the task that receives an archive and the task that stores its entries.
///
/// A batch consists of the entries that arrived while the previous batch was being stored. With a slow client, each
/// entry is therefore stored immediately. With a fast client, several entries share the syncs and the commit; the
/// receiver waits once the batch is full.
final class ArchiveQueue: Sendable {
    /// Maximum number of bytes in a batch, which its last entry may exceed.
    static let maximumBytes = 8 << 20
    static let maximumItems = 512

    private struct State {
        var items: [ArchiveItem] = []
        var bytes = 0
        var isFinished = false
        /// Whether a batch is being stored.
        var isStoring = false
    }

    private let state = Mutex(State())
    private let added = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let removed = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Adds an entry, and waits until the queue has room for another entry.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits; the entry stays in the queue.
    func append(_ item: ArchiveItem) async throws {
        state.withLock { state in
            state.items.append(item)
            state.bytes += item.cost
        }
        added.continuation.yield()
        try await wait { $0.items.count < Self.maximumItems && $0.bytes < Self.maximumBytes }
    }

    /// Waits until all entries so far are stored or refused.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    func waitUntilStored() async throws { try await wait { $0.items.isEmpty && !$0.isStoring } }

    private func wait(until isMet: (borrowing State) -> Bool) async throws {
        while !state.withLock({ isMet($0) }) {
            var iterator = removed.stream.makeAsyncIterator()
            guard await iterator.next() != nil else { throw CancellationError() }
        }
    }

    /// Announces that no further entries follow.
    func finish() {
        state.withLock { $0.isFinished = true }
        added.continuation.yield()
    }

    /// Announces that the previous batch is stored, and then waits for the next batch and removes it from the queue.
    ///
    /// - Returns: At least one entry; `nil` after the last entry, or if the task is cancelled while it waits.
    func next() async -> [ArchiveItem]? {
        var iterator = added.stream.makeAsyncIterator()
        repeat {
            let (items, isFinished) = state.withLock { state in
                let items = state.items
                (state.items, state.bytes, state.isStoring) = ([], 0, !items.isEmpty)
                return (items, state.isFinished)
            }
            removed.continuation.yield()
            if !items.isEmpty { return items }
            if isFinished { return nil }
        } while await iterator.next() != nil
        return nil
    }
}

extension ArchiveItem {
    /// The approximate memory in bytes that the entry uses, including the paths of its folders.
    fileprivate var cost: Int {
        switch self {
        case .file(let file):
            file.bytes.readableBytes + file.labelsSize + Self.cost(file.path, file.displayPath)
        case .folder(let path, let displayPath): Self.cost(path, displayPath)
        // The path, in which each invalid byte may have become three bytes, and the message.
        case .done: 4 * ArchivePath.maximumLength
        }
    }

    private static func cost(_ path: ArchivePath, _ displayPath: String) -> Int {
        512 + displayPath.utf8.count * (path.names.count + 1)
    }
}
