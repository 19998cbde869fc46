import CoreMetrics
import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// Sends a range of an object as a response body, at the pace of the client.
///
/// Bytes in the page cache are sent straight from the file. Other bytes are first read on a thread that may wait for the
/// disk, and so are all bytes for a slow client: the cache may drop them before the client receives them.
struct RangeSender: Sendable {
    let reader: any ObjectReader
    let range: Range<Int64>
    let channel: any Channel

    /// Number of bytes sent from the file in one operation.
    static let regionSize = 1 << 20
    /// Number of bytes read in one operation.
    static let chunkSize = 1 << 20
    /// Duration for one region above which a client counts as slow.
    static let slowRegion = Duration.seconds(1)

    /// Sends the range and the end of the body, and closes the reader on every path.
    ///
    /// - Throws: If the connection closes or the object cannot be read.
    @concurrent func send(to writer: inout any ResponseBodyWriter) async throws {
        do {
            try await sendRange(to: &writer)
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        try await writer.finish(nil)
    }

    @concurrent private func sendRange(to writer: inout any ResponseBodyWriter) async throws {
        var fast = reader as? any FileBackedReader
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count: Int
            let left = Int(range.upperBound - offset)
            if let span = fast?.bytesInMemory(at: offset, count: min(Self.regionSize, left)) {
                let start = ContinuousClock.now
                try await send(span)
                count = span.count
                if .now - start > Self.slowRegion { fast = nil }
            } else {
                let chunk = try await reader.read(at: offset, count: min(Self.chunkSize, left))
                count = chunk.readableBytes
                guard count > 0 else {
                    throw PontoonError(.internalFault, "The stored file is shorter than its record says.")
                }
                try await writer.write(chunk)
            }
            ByteMetrics.sent.increment(by: count)
            offset += Int64(count)
        }
    }

    private func send(_ span: FileSpan) async throws {
        // NIO's `FileRegion` needs a handle that owns its descriptor, but the reader owns it here, and its replacement
        // opens files itself. So the descriptor is released from the handle before the handle closes it.
        // https://github.com/apple/swift-nio/blob/main/Sources/NIOCore/FileHandle.swift
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: span.descriptor)
        let region = FileRegion(
            fileHandle: handle,
            readerIndex: span.offset,
            endIndex: span.offset + span.count
        )
        do {
            try await FileBodyHandler.send(region, over: channel)
        } catch {
            _ = try handle.takeDescriptorOwnership()
            throw error
        }
        _ = try handle.takeDescriptorOwnership()
    }
}
