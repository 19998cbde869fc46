import PontoonCore
import Synchronization

/// Rows that were read or added a moment ago, for the calls that come once a file, part or range.
///
/// What this store changes shows at once. What another process changes, such as another server on the same database or
/// `pontoond token revoke`, shows within ``RecentRows/lifetime``. So a row from here may only be used where acting on the
/// old one does no harm: to hand out a URL, or before a statement that asks again.
final class RecentRows<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    private struct Entry {
        /// `nil` when it was forgotten then: what somebody began to read before may be older than the change.
        let row: Row?
        let read: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// How often all was forgotten.
        var clearings = 0

        mutating func clear() {
            entries = [:]
            clearings += 1
        }
    }

    /// When a row began to be read or written.
    struct Moment {
        fileprivate let time: ContinuousClock.Instant
        fileprivate let clearings: Int
    }

    /// How long a row is believed.
    static var lifetime: Duration { .seconds(1) }
    /// Rows kept at the most.
    static var capacity: Int { 10_000 }

    private let state = Mutex(State())

    /// The row of a key, from memory or read anew.
    ///
    /// - Parameters:
    ///   - key: Which row.
    ///   - read: Reads it; that there is none is not remembered.
    /// - Returns: The row.
    /// - Throws: What `read` throws.
    func row(_ key: Key, read: () async throws -> Row?) async throws -> Row? {
        let moment = moment
        let recent = state.withLock { $0.entries[key] }
        if let recent, let row = recent.row, moment.time - recent.read < Self.lifetime { return row }
        guard let row = try await read() else { return nil }
        remember(row, as: key, since: moment)
        return row
    }

    /// The row of a key, as fresh as `consistency` demands.
    func row(_ key: Key, reading consistency: ReadConsistency, read: () async throws -> Row?) async throws -> Row? {
        switch consistency {
        case .latest: try await read()
        case .cached: try await row(key, read: read)
        }
    }

    /// Now, before a row is read or written.
    var moment: Moment { Moment(time: .now, clearings: state.withLock { $0.clearings }) }

    /// Keeps a row, unless something changed it since it was read or written.
    func remember(_ row: Row, as key: Key, since moment: Moment) {
        state.withLock { state in
            guard state.clearings == moment.clearings else { return }
            if let entry = state.entries[key], entry.read >= moment.time { return }
            if state.entries.count >= Self.capacity { state.clear() }
            state.entries[key] = Entry(row: row, read: moment.time)
        }
    }

    /// Forgets the row of a key, after it was changed or may have been.
    func forget(_ key: Key) {
        state.withLock { state in
            if state.entries.count >= Self.capacity { state.clear() }
            state.entries[key] = Entry(row: nil, read: .now)
        }
    }

    /// Forgets all rows.
    func forgetAll() { state.withLock { $0.clear() } }
}

/// The rows that a store remembers.
final class RecentReads: Sendable {
    /// What a write may have changed of them.
    enum Change: Sendable {
        /// Nothing: it touches no user, token, membership, project, file or state of an upload.
        case none
        /// One upload's row, by its id, and files: its own comes, one that it replaces goes.
        case upload(String)
        /// Anything.
        case any
    }

    /// Who belongs to a project.
    struct Membership: Hashable, Sendable {
        let userName: String
        let project: ProjectID
    }

    /// By the token's hash.
    let users = RecentRows<String, User>()
    /// By id.
    let uploads = RecentRows<String, Upload>()
    /// By id.
    let files = RecentRows<String, File>()
    /// What members may do.
    let permissions = RecentRows<Membership, Permissions>()
    /// Projects that a user may read.
    let projects = RecentRows<Membership, AccessibleProject>()

    /// Forgets what a write may have changed, also a write that failed.
    func forget(_ change: Change) {
        switch change {
        case .none: break
        case .upload(let id):
            uploads.forget(id)
            files.forgetAll()
        case .any:
            users.forgetAll()
            uploads.forgetAll()
            files.forgetAll()
            permissions.forgetAll()
            projects.forgetAll()
        }
    }
}
