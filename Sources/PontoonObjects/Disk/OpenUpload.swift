import PontoonCore
import Synchronization

/// The writers of one upload: who holds which slot, and the gate that shuts them out when the upload ends.
///
/// Wide locks would let one dead connection hold up others, so there are none: a slot is claimed by at most one writer, a
/// second one goes to a side file, and the gate only counts writes that are in the kernel at this moment.
final class OpenUpload: Sendable {
    private struct State {
        var claimed: Set<PartNumber> = []
        var writing = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The turns of those who write to slots: these are all in one file.
    let lane = WriteLane()
    private let state = Mutex(State())

    /// Takes a slot for one writer.
    ///
    /// - Returns: `false` when another writer has it.
    func claim(_ number: PartNumber) -> Bool { state.withLock { $0.claimed.insert(number).inserted } }

    /// Gives a slot back.
    func release(_ number: PartNumber) { _ = state.withLock { $0.claimed.remove(number) } }

    /// Passes the gate; ``exit()`` follows.
    ///
    /// - Throws: `.uploadNotFound` once the gate is closed.
    func enter() throws {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.writing += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw PontoonError(.uploadNotFound, "The upload has ended.") }
    }

    /// Comes back through the gate.
    func exit() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.writing -= 1
            guard state.writing == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Runs one write inside the gate.
    ///
    /// - Throws: `.uploadNotFound` once the gate is closed.
    func write<Value>(_ body: () throws -> Value) throws -> Value {
        try enter()
        defer { exit() }
        return try body()
    }

    /// Shuts the gate and waits until no write is under way.
    ///
    /// Called by one task at a time: the metadata store lets only one end an upload.
    func close() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                state.isClosed = true
                if state.writing > 0 { state.waiter = continuation }
                return state.writing == 0
            }
            if isQuiet { continuation.resume() }
        }
    }
}

/// The uploads that have writers now.
final class OpenUploads: Sendable {
    private struct Entry {
        var upload: OpenUpload
        var users: Int
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])

    /// Joins the writers of an upload; ``leave(_:_:)`` follows.
    func join(_ key: ObjectKey) -> OpenUpload {
        entries.withLock { entries in
            let upload = entries[key]?.upload ?? OpenUpload()
            entries[key] = Entry(upload: upload, users: (entries[key]?.users ?? 0) + 1)
            return upload
        }
    }

    /// Leaves the writers of an upload.
    func leave(_ key: ObjectKey, _ upload: OpenUpload) {
        entries.withLock { entries in
            guard let entry = entries[key], entry.upload === upload else { return }
            entries[key] = entry.users > 1 ? Entry(upload: upload, users: entry.users - 1) : nil
        }
    }

    /// Shuts out all writers of now; later ones start afresh, and the metadata store decides whether they may.
    func shutOut(_ key: ObjectKey) async {
        let upload = entries.withLock { $0.removeValue(forKey: key)?.upload }
        await upload?.close()
    }
}
