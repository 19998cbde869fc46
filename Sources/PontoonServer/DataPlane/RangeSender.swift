import CoreMetrics
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

    /// Maximum number of bytes sent directly from the file in one operation.
    static let regionSize = 1 << 20
    /// Maximum number of bytes read into memory in one operation.
    static let chunkSize = 1 << 20
    /// Time to send one region, above which the client counts as slow.
    static let slowRegion = Duration.seconds(1)

    /// Sends the range and ends the body; closes the reader, even if an error is thrown.
    ///
    /// - Throws: An error if the connection closes or the object cannot be read.
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
        var fast = isEncrypted ? nil : reader as? any FileBackedReader
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
                    throw PontoonError(.internalFault, "The stored object is truncated at byte \(offset).")
                }
                try await writer.write(chunk)
            }
            ByteMetrics.sent.increment(by: count)
            offset += Int64(count)
        }
    }

    private func send(_ span: FileSpan) async throws {
        // NIO's `FileRegion` requires a handle that owns its descriptor, but here the reader owns it. The initializers
        // that are not deprecated open a file. The handle therefore takes the descriptor and releases it afterwards.
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
