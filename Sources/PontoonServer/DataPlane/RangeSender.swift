import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// A sender that writes a range of an object as a response body, no faster than the client receives it.
///
/// Bytes in the page cache are sent directly from the file. All other bytes are first read into memory, on a thread
/// that may block on the disk. For a slow client, all bytes are read into memory first, because the cache may evict
/// them before they are sent; and so they are on a TLS connection, because this process encrypts them.
struct RangeSender: Sendable {
    let reader: any ObjectReader
    let range: Range<Int64>
    let channel: any Channel
    /// Whether this process encrypts the bytes.
    let isEncrypted: Bool
    let record: RequestRecord
    let metrics: ServerMetrics

    /// Maximum number of bytes read into memory in one operation.
    static let chunkSize = 1 << 20
    /// Sends the range and ends the body; closes the reader and ends the record, even if an error is thrown.
    ///
    /// - Throws: An error if the connection closes or the object cannot be read.
    @concurrent func send(to writer: inout any ResponseBodyWriter) async throws {
        do {
            try await sendRange(to: &writer)
        } catch {
            await reader.close()
            record.end(isComplete: false)
            throw error
        }
        await reader.close()
        record.end(isComplete: true)
        try await writer.finish(nil)
    }

    @concurrent private func sendRange(to writer: inout any ResponseBodyWriter) async throws {
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
            let chunk = try await reader.read(at: offset, count: min(Self.chunkSize, Int(range.upperBound - offset)))
            guard chunk.readableBytes > 0 else {
                throw PontoonError(.internalFault, "The stored object is truncated at byte \(offset).")
            }
            try await writer.write(chunk)
            offset += Int64(chunk.readableBytes)
            sent(chunk.readableBytes)
        }
    }

    @Sendable private func sent(_ count: Int) {
        record.send(count)
        metrics.sent(count)
    }
}
