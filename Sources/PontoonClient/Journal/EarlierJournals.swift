import PontoonCore
import SystemPackage

/// The journals of unfinished uploads to one destination from earlier runs.
///
/// The name of a journal depends on the path of the local file. If a file was moved, or copied with its modification
/// time, its journal still has the name for its former path.
struct EarlierJournals: Sendable {
    private struct Entry: Sendable {
        let path: FilePath
        let head: JournalHead
    }

    private let entries: [ByteExactString: [Entry]]

    /// Reads the first line of each journal in a state directory.
    ///
    /// Blocks the calling thread. Journals that cannot be read, such as the journals of another user, are ignored.
    ///
    /// - Parameters:
    ///   - state: The directory; `nil` if there are no journals.
    ///   - place: The key of any upload to the destination.
    /// - Throws: `.stateUnusable` if the directory cannot be read.
    init(in state: StateDirectory?, of place: JournalKey) throws {
        let heads = try state?.heads(omitsUnreadable: true) ?? []
        let entries = heads.lazy.filter { !$0.head.upload.isEmpty && $0.head.place == place.place }
            .map { Entry(path: $0.path, head: $0.head) }
        self.entries = Dictionary(grouping: entries) { ByteExactString($0.head.remotePath) }
    }

    /// Returns whether there are journals of uploads to the key's remote path, from any local file.
    func contains(_ key: JournalKey) -> Bool { entries[ByteExactString(key.remotePath)] != nil }

    /// Returns the first line of the newest journal of the same file at another path; `nil` if there is none.
    func head(of identity: FileIdentity, elsewhereThan key: JournalKey) -> JournalHead? {
        candidates(identity, key).last?.head
    }

    /// Replaces the newest journal of the same file at another path with a journal for its current path.
    ///
    /// Blocks the calling thread. Skips journals that another process has locked or whose uploads have ended. Does
    /// nothing if a journal for the current path exists.
    ///
    /// - Throws: `.stateUnusable`.
    func move(to key: JournalKey, of identity: FileIdentity, in state: StateDirectory) throws {
        for entry in candidates(identity, key).reversed() {
            do {
                if try move(entry, to: key, in: state) { return }
            } catch let error as ClientError where error.code == .busy {
                continue
            }
        }
    }

    /// - Returns: `false` if another process has finished or aborted the upload in the meantime.
    private func move(_ entry: Entry, to key: JournalKey, in state: StateDirectory) throws -> Bool {
        let former = try Journal<JournalHead>(entry.path, for: key.work)
        defer { try? former.close() }
        guard var head = former.head else {
            // The journal was deleted in the meantime, and opening it has created it again.
            try former.remove()
            return false
        }
        guard head.upload == entry.head.upload else { return false }
        head.source = key.source
        let journal = try state.journal(key)
        defer { try? journal.close() }
        // Another process may have started the upload with the current path.
        guard journal.head == nil else { return true }
        try journal.begin(head, isDurable: true)
        for part in former.parts.values { try journal.append(part) }
        try former.remove()
        return true
    }

    private func candidates(_ identity: FileIdentity, _ key: JournalKey) -> [Entry] {
        entries[ByteExactString(key.remotePath), default: []]
            .filter { $0.head.source != key.source && $0.head.identity.isSame(as: identity) }
    }
}

extension JournalHead {
    /// Text that identifies the endpoint and the destination, equal to ``JournalKey/place``.
    fileprivate var place: String { "\(endpoint)\n\(destinationKind)\n\(destination)" }
}
