import PontoonCore
import Synchronization

/// A cache of rows read or written within the last second, for calls that are made once per file, part or range.
///
/// Changes made through this store are visible immediately. Changes made by another process, such as another server
/// on the same database or `pontoond token revoke`, are visible within ``lifetime``. A cached row may therefore be used
/// only where an outdated row does no harm: to create a URL, or before a statement that checks the current row.
final class RowCache<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    private struct Entry {
        /// `nil` if the row was invalidated at ``time``.
        ///
        /// A read that started earlier may have returned the old row.
        let row: Row?
        let time: ContinuousClock.Instant
    }

    private struct State {
        /// Entries added since ``start``.
        private var entries: [Key: Entry] = [:]
        /// Entries added in the period before ``start``; older ones are removed, because their rows are outdated.
        private var olderEntries: [Key: Entry] = [:]
        private var start = ContinuousClock.now
        /// Approximate size of ``entries`` in bytes.
        private var bytes = 0
        /// Number of times that the whole cache was cleared, because of a change or because it was full.
        private(set) var generation = 0

        func entry(_ key: Key) -> Entry? { entries[key] ?? olderEntries[key] }

        mutating func set(_ entry: Entry, for key: Key, bytes added: Int, now: ContinuousClock.Instant) {
            if now - start >= RowCache.lifetime {
                olderEntries = now - start < RowCache.lifetime * 2 ? entries : [:]
                (entries, bytes, start) = ([:], 0, now)
            }
            if entries.count >= RowCache.capacity || bytes + added > RowCache.maximumBytes { invalidateAll() }
            entries[key] = entry
            bytes += added
        }

        mutating func invalidateAll() {
            (entries, olderEntries, bytes) = ([:], [:], 0)
            generation += 1
        }
    }

    /// The time and the cache's generation at the start of a read or write.
    struct CacheStamp {
        fileprivate let time: ContinuousClock.Instant
        fileprivate let generation: Int
    }

    /// Maximum age of a cached row.
    static var lifetime: Duration { .seconds(1) }
    /// Maximum number of entries, including invalidations, that can be added within ``lifetime`` before the cache is
    /// cleared.
    static var capacity: Int { 10_000 }
    /// Maximum approximate size in bytes of the entries that can be added within ``lifetime`` before the cache is
    /// cleared.
    static var maximumBytes: Int { 16 << 20 }

    private let state = Mutex(State())
    private let size: @Sendable (Row) -> Int

    /// - Parameter size: Returns the approximate size in bytes of the variable-length texts in a row.
    init(size: @escaping @Sendable (Row) -> Int = { _ in 0 }) { self.size = size }

    /// Returns the row of a key, from the cache if `consistency` allows it and the row is recent.
    ///
    /// - Parameters:
    ///   - key: The key of the row.
    ///   - consistency: Whether a cached row is acceptable.
    ///   - read: Reads the row. If it returns `nil`, nothing is cached.
    /// - Returns: The row; `nil` if it does not exist.
    /// - Throws: The errors of `read`.
    func row(_ key: Key, reading consistency: ReadConsistency, read: () async throws -> Row?) async throws -> Row? {
        switch consistency {
        case .latest: return try await read()
        case .cached:
            let stamp = stamp()
            let entry = state.withLock { $0.entry(key) }
            if let entry, let row = entry.row, stamp.time - entry.time < Self.lifetime { return row }
            guard let row = try await read() else { return nil }
            insert(row, for: key, since: stamp)
            return row
        }
    }

    /// Returns a stamp for ``insert(_:for:since:)``.
    ///
    /// Must be called before the row is read or written.
    func stamp() -> CacheStamp { CacheStamp(time: .now, generation: state.withLock { $0.generation }) }

    /// Caches a row, unless it was invalidated, or cached by a later read, since the stamp.
    func insert(_ row: Row, for key: Key, since stamp: CacheStamp) {
        let bytes = Self.overhead + size(row)
        state.withLock { state in
            guard state.generation == stamp.generation else { return }
            if let entry = state.entry(key), entry.time >= stamp.time { return }
            state.set(Entry(row: row, time: stamp.time), for: key, bytes: bytes, now: .now)
        }
    }

    /// Removes a cached row.
    ///
    /// Must be called after every change to the row, even if the change may have failed.
    func invalidate(_ key: Key) {
        state.withLock { state in
            let now = ContinuousClock.now
            state.set(Entry(row: nil, time: now), for: key, bytes: Self.overhead, now: now)
        }
    }

    func invalidateAll() { state.withLock { $0.invalidateAll() } }

    /// Approximate size in bytes of a row without its variable-length texts.
    private static var overhead: Int { 512 }
}

/// The cached rows of a store.
final class ReadCache: Sendable {
    /// The cached rows that a write may change.
    enum Change: Sendable {
        /// None, because the write changes no user, token, membership, project, file or upload state.
        case none
        /// The row of the upload with this id, and all files, because a completion adds a file and may replace another.
        case upload(String)
        case files
        /// All callers, because the write changes only tokens.
        case callers
        case any
    }

    struct Membership: Hashable, Sendable {
        let userName: String
        let project: ProjectID
    }

    /// Callers, by the hash of their token.
    let callers = RowCache<String, Caller> { caller in
        caller.rights.projects?.reduce(0) { $0 + $1.owner.utf8.count + $1.shortName.utf8.count + 64 } ?? 0
    }
    let uploads = RowCache<String, Upload>()
    let files = RowCache<String, File> { file in
        file.tags.reduce(0) { $0 + $1.utf8.count }
            + file.metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
    let permissions = RowCache<Membership, Permissions>()
    /// Projects that a user may read.
    let projects = RowCache<Membership, AccessibleProject> { accessible in
        let project = accessible.project
        return project.description.utf8.count + project.settings.utf8.count
            + project.tags.reduce(0) { $0 + $1.utf8.count }
    }

    /// Removes the rows that a write may have changed.
    ///
    /// Must be called after every write, even if it failed.
    func invalidate(_ change: Change) {
        switch change {
        case .none: break
        case .upload(let id):
            uploads.invalidate(id)
            files.invalidateAll()
        case .files: files.invalidateAll()
        case .callers: callers.invalidateAll()
        case .any:
            callers.invalidateAll()
            uploads.invalidateAll()
            files.invalidateAll()
            permissions.invalidateAll()
            projects.invalidateAll()
        }
    }
}
