package import NIOCore

/// The reception of one archive, by two tasks: one receives it, the other stores the entries and reports the results.
package struct ArchiveReception: Sendable {
    let receiver: ArchiveReceiver
    let queue: ArchiveQueue
    let store: @Sendable ([ArchiveItem]) async throws -> [ArchiveResult]

    /// Receives the archive; call this once.
    ///
    /// Waits while ``next()`` is not called, so that memory is bounded. To stop the reception, cancel the task.
    ///
    /// - Parameter body: The bytes of the archive, in chunks of any size.
    /// - Returns: `nil` if the whole archive was received; otherwise the error after which no further entry was read:
    ///   ``TarError``, `.badRequest` if the archive expands too much, or an error of the body or of a store.
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
    ///   entry. A failure is an error of a store. Some entries may then be stored without a result, and the reception
    ///   must be stopped.
    package func next() async -> Result<[ArchiveResult], any Error>? {
        guard let items = await queue.next() else { return nil }
        do {
            return .success(try await store(items))
        } catch {
            return .failure(error)
        }
    }
}
