import NIOCore
import PontoonCore
import Synchronization

/// A range of a file that ``FileBodyHandler`` sends in regions, as long as the bytes are in memory.
final class FileTransfer: Sendable {
    private let reader: any FileBackedReader
    private let end: Int64
    private let onSent: @Sendable (Int) -> Void
    private let state: Mutex<State>

    private struct State {
        var offset: Int64
        var isSlow = false
        /// The region that is being sent.
        var region: (count: Int, began: ContinuousClock.Instant, handle: NIOFileHandle)?
    }

    /// Maximum number of bytes sent in one operation.
    private static let regionSize: Int64 = 1 << 20
    /// Time to send one region, above which the client counts as slow.
    private static let slowRegion = Duration.seconds(1)

    /// - Parameters:
    ///   - range: The bytes to send.
    ///   - reader: The file, which must stay open until the transfer ends.
    ///   - onSent: The closure called after each region with its number of bytes. Must not block.
    init(_ range: Range<Int64>, of reader: any FileBackedReader, onSent: @escaping @Sendable (Int) -> Void) {
        self.reader = reader
        self.onSent = onSent
        end = range.upperBound
        state = Mutex(State(offset: range.lowerBound))
    }

    /// Offset of the first byte that has not been sent.
    var offset: Int64 { state.withLock { $0.offset } }

    /// Whether sending the last region took more than a second, so that the page cache may evict bytes before they are
    /// sent.
    var isSlow: Bool { state.withLock { $0.isSlow } }

    /// Starts the next region, which must be ended with ``endRegion(isSent:)``.
    ///
    /// Returns `nil` if the first byte is not in memory, the client is slow, or all bytes have been sent.
    func nextRegion() -> FileRegion? {
        state.withLock { state in
            guard !state.isSlow, state.offset < end,
                let span = reader.bytesInMemory(at: state.offset, count: Int(min(Self.regionSize, end - state.offset)))
            else { return nil }
            // NIO's `FileRegion` requires a handle that owns its descriptor, but here the reader owns it. The
            // initializers that are not deprecated open a file. The handle therefore takes the descriptor and releases
            // it afterwards. https://github.com/apple/swift-nio/blob/main/Sources/NIOCore/FileHandle.swift
            let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: span.descriptor)
            state.region = (span.count, .now, handle)
            return FileRegion(fileHandle: handle, readerIndex: span.offset, endIndex: span.offset + span.count)
        }
    }

    /// Ends the region that ``nextRegion()`` started.
    ///
    /// If it was sent, advances ``offset`` and calls `onSent`.
    func endRegion(isSent: Bool) {
        let count: Int? = state.withLock { state in
            guard let region = state.region.take() else { return nil }
            _ = try? region.handle.takeDescriptorOwnership()
            guard isSent else { return nil }
            state.offset += Int64(region.count)
            state.isSlow = .now - region.began > Self.slowRegion
            return region.count
        }
        if let count { onSent(count) }
    }
}
