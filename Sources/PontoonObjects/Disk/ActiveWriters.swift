import PontoonCore
import Synchronization

/// The active writers of one upload: the parts that they write in place, and a barrier that stops them when the
/// upload ends.
///
/// No lock is held while waiting for a client's data; otherwise, one dead connection would block all other writers.
/// Each part's in-place region is reserved by at most one writer; a second writer of the part writes a detached part.
/// The barrier counts writes in progress, and parts that are being synced and recorded.
final class ActiveWriters: Sendable {
    private struct State {
        var reserved: Set<PartNumber> = []
        var refusesReservations = false
        var writing = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The queue that serializes the writes of in-place parts, which all go to one file.
    ///
    /// The writes of parts that arrive in a single chunk bypass the queue.
    let queue = SerialWriteQueue()
    private let state = Mutex(State())

    /// Reserves a part's in-place region for one writer.
    ///
    /// - Returns: `false` if another writer has reserved the region, or reservations are refused.
    func reserve(_ number: PartNumber) -> Bool {
        state.withLock { !$0.refusesReservations && $0.reserved.insert(number).inserted }
    }

    func release(_ number: PartNumber) { _ = state.withLock { $0.reserved.remove(number) } }

    /// Refuses all reservations until ``acceptReservations()``; writers then write detached parts.
    ///
    /// - Returns: `false`, with nothing changed, if a region is reserved or reservations are already refused.
    func refuseReservations() -> Bool {
        state.withLock { state in
            guard state.reserved.isEmpty, !state.refusesReservations else { return false }
            state.refusesReservations = true
            return true
        }
    }

    func acceptReservations() { state.withLock { $0.refusesReservations = false } }

    /// Registers a write in progress, which the caller must end with ``endWrite()``.
    ///
    /// - Throws: `.uploadNotFound` if ``quiesce()`` has closed the barrier.
    func beginWrite() throws {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.writing += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw PontoonError(.uploadNotFound, "The upload has ended and accepts no more parts.") }
    }

    func endWrite() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.writing -= 1
            guard state.writing == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Runs one write between ``beginWrite()`` and ``endWrite()``.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: `.uploadNotFound` if ``quiesce()`` has closed the barrier; the errors of `body`.
    func write<Value>(_ body: () throws -> Value) throws -> Value {
        try beginWrite()
        defer { endWrite() }
        return try body()
    }

    /// Closes the barrier and waits until no writer is inside it.
    ///
    /// Must not be called concurrently; the metadata store ensures that only one task ends an upload.
    func quiesce() async {
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

/// The uploads that currently have writers.
final class ActiveWriterRegistry: Sendable {
    private struct Entry {
        var writers: ActiveWriters
        var users: Int
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])

    /// Adds a writer to an upload; the caller must remove it with ``leave(_:_:)``.
    func join(_ key: ObjectKey) -> ActiveWriters {
        entries.withLock { entries in
            let writers = entries[key]?.writers ?? ActiveWriters()
            entries[key] = Entry(writers: writers, users: (entries[key]?.users ?? 0) + 1)
            return writers
        }
    }

    func leave(_ key: ObjectKey, _ writers: ActiveWriters) {
        entries.withLock { entries in
            guard let entry = entries[key], entry.writers === writers else { return }
            entries[key] = entry.users > 1 ? Entry(writers: writers, users: entry.users - 1) : nil
        }
    }

    /// Stops the current writers of an upload, and waits until none is inside the barrier.
    ///
    /// Writers that join later get a new barrier. The metadata store decides whether to record their parts.
    func quiesce(_ key: ObjectKey) async {
        let writers = entries.withLock { $0.removeValue(forKey: key)?.writers }
        await writers?.quiesce()
    }
}
