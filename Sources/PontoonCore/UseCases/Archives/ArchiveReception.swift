package import NIOCore

/// The reception of one archive by two tasks: one calls ``receive(_:)``, and the other calls ``next()`` until it
/// returns `nil`.
package struct ArchiveReception: Sendable {
    let receiver: ArchiveReceiver
    let queue: ArchiveQueue
    let store: @Sendable ([ArchiveItem]) async throws -> [ArchiveResult]

    /// Receives the archive.
    ///
    /// Must be called once. Waits while ``next()`` is not called, to limit memory usage. To stop the reception, cancel
    /// the task.
    ///
    /// - Parameter body: The bytes of the archive, in chunks of any size.
    /// - Returns: `nil` if the whole archive was received; otherwise the error after which no further entry was read:
    ///   ``TarError``, `.badRequest` if the archive expands too much, an error of the body or of a store, or
    ///   `CancellationError`.
    package func receive<Body: AsyncSequence & Sendable>(_ body: Body) async -> (any Error)?
    where Body.Element == ByteBuffer {
        defer { queue.finish() }
        var receiver = receiver
        do {
            try await receiver.receive(body)
            return nil
        } catch {
            return error
        }
    }

    /// Stores the entries that have arrived since the last call; waits for an entry if there are none.
    ///
    /// - Returns: The results of entries that are durable or refused, in the order of the archive; `nil` after the last
    ///   entry, or if the task is cancelled. A failure is an error of a store. Some entries may then be stored without
    ///   a result, and the reception must be stopped.
    package func next() async -> Result<[ArchiveResult], any Error>? {
        guard let items = await queue.next() else { return nil }
        do {
            return .success(try await store(items))
        } catch {
            return .failure(error)
        }
    }
}
