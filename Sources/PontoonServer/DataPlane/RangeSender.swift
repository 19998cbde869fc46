import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// A sender that writes ranges of objects as a response body, no faster than the client receives them.
///
/// With the disk store, bytes in the page cache are sent directly from the file. All other bytes are first read into
/// memory, without blocking the event loop. Once a client is slow, all further bytes are read into memory, because the
/// page cache may evict them before they are sent. On a TLS connection, all bytes are read into memory, because this
/// process encrypts them.
struct ObjectSender: Sendable {
    let channel: any Channel
    /// Whether this process encrypts the bytes.
    let isEncrypted: Bool
    let record: RequestRecord
    let metrics: ServerMetrics

    /// Maximum number of bytes read into memory in one operation.
    static let chunkSize = 1 << 20

    /// Sends a range of an object as the next bytes of the body.
    ///
    /// - Throws: An error if the connection closes or the object cannot be read.
    @concurrent func send(
        _ range: Range<Int64>,
        of reader: any ObjectReader,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var fast = isEncrypted ? nil : reader as? any FileBackedReader
        var offset = range.lowerBound
        while offset < range.upperBound {
            if let reader = fast {
                let transfer = FileTransfer(offset..<range.upperBound, of: reader, onSent: sent)
                try await FileBodyHandler.send(transfer, over: channel)
                offset = transfer.offset
                if transfer.isSlow { fast = nil }
            }
            guard offset < range.upperBound else { return }
            let chunk = try await reader.chunk(at: offset, count: min(Self.chunkSize, Int(range.upperBound - offset)))
            offset += Int64(chunk.readableBytes)
            try await send(chunk, to: &writer)
        }
    }

    /// Sends bytes as the next bytes of the body.
    @concurrent func send(_ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(bytes)
        sent(bytes.readableBytes)
    }

    @Sendable private func sent(_ count: Int) {
        record.send(count)
        metrics.sent(count)
        LowPriorityExecutor.shared.transferred(count)
    }
}

extension ObjectReader {
    /// Reads from 1 to `count` bytes at `offset`.
    ///
    /// - Throws: `.internalError` if the object has no byte at `offset`; an error if it cannot be read.
    func chunk(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let chunk = try await read(at: offset, count: count)
        guard chunk.readableBytes > 0 else {
            throw PontoonError(.internalError, "The stored object is truncated at byte \(offset).")
        }
        return chunk
    }
}

/// A sender that writes a range of an object as a whole response body.
struct RangeSender: Sendable {
    let reader: any ObjectReader
    let range: Range<Int64>
    let objects: ObjectSender

    /// Sends the range and ends the body.
    ///
    /// Closes the reader and ends the request's record, even if an error is thrown.
    ///
    /// - Throws: An error if the connection closes or the object cannot be read.
    @concurrent func send(to writer: inout any ResponseBodyWriter) async throws {
        do {
            try await objects.send(range, of: reader, to: &writer)
        } catch {
            await reader.close()
            objects.record.end(isComplete: false)
            throw error
        }
        await reader.close()
        objects.record.end(isComplete: true)
        try await writer.finish(nil)
    }
}
