import AsyncAlgorithms

/// A progress event that an upload or a download reports to its observer.
public enum TransferEvent<Item: TransferItem>: Sendable {
    /// The start of one file's transfer.
    public struct Start: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// The file.
        public let item: Item
        /// Length in bytes; 0 for a stream of unknown length.
        public let size: Int64
        /// Number of parts, or of ranges in a download; 0 for a stream of unknown length.
        public let parts: Int
        /// Length in bytes of every part or range but the last.
        public let partSize: Int64
        /// Number of parts or ranges that an earlier run or another client transferred.
        ///
        /// Those that later fail verification are transferred again.
        public let resumedParts: Int
        /// Total length, in bytes, of the parts or ranges that ``resumedParts`` counts.
        public let resumedBytes: Int64
        /// Id of the upload; `nil` if there is none, as for downloads and for files sent in one call.
        public let uploadID: String?
    }

    /// A part of an upload that was stored, or a range of a file that was downloaded.
    ///
    /// A part has been verified if the storage provides a checksum. Parts and ranges reused from an earlier run are not
    /// reported.
    public struct Part: Sendable {
        /// Position of the file in the list of items.
        public let index: Int
        /// Number of the part or range, from 1.
        public let number: Int
        /// Offset of the part's or range's first byte in the file.
        public let offset: Int64
        /// Length in bytes.
        public let size: Int64
        /// ETag, without quotes, of the part in an upload or of the whole file in a download; empty if there is none.
        ///
        /// For a file sent in one call, this is the file's CRC-64/NVME.
        public let etag: String
    }

    /// A failed attempt that will be repeated, or a slow part that is also sent over a second connection.
    public struct Retry: Sendable {
        /// Position of the file in the list of items; `nil` if the attempt was an API call.
        public let index: Int?
        /// The attempted action, such as `send part 3`.
        public let purpose: String
        /// The reason for the next attempt, in full sentences: usually an error, followed by its advice if there is
        /// any.
        public let reason: String
        /// Pause before the next attempt.
        public let wait: Duration
        /// Whether the cause may be an outage of the network or the server, rather than a refusal of this request.
        public let isOutage: Bool
    }

    /// The run started.
    ///
    /// `bytes` is the total length of the files whose length is already known. `maximumConcurrency` is the maximum
    /// number of parts or ranges in flight.
    case began(files: Int, bytes: Int64, maximumConcurrency: Int)
    /// A file's transfer started, resumed or started over.
    case started(Start)
    /// A part was stored, or a range was downloaded.
    case partStored(Part)
    /// A failed attempt will be repeated, or a slow part is also sent over a second connection.
    case retrying(Retry)
    /// A problem with a file occurred, but its transfer continues. `index` is the file's position in the list of items.
    case warning(index: Int, message: String)
    /// All parts of an uploaded file are stored, and its upload is being completed.
    case verifying(index: Int)
    /// A file has a result, even if it was not transferred.
    case finished(TransferResult<Item>)
    /// The progress of all files, at the interval ``TransferOptions/progressInterval`` and once at the end of the run.
    case progress(TransferProgress)
}

/// The events of a transfer, in order.
///
/// The sequence can be iterated only once.
public struct TransferEvents<Item: TransferItem>: AsyncSequence, Sendable {
    /// A single event.
    public typealias Element = TransferEvent<Item>
    /// The error type of the sequence; iteration never throws.
    public typealias Failure = Never

    /// The iterator over the events.
    public struct Iterator: AsyncIteratorProtocol {
        var base: AsyncChannel<TransferEvent<Item>>.Iterator

        /// Returns the next event; `nil` after the last one.
        @concurrent public mutating func next() async -> TransferEvent<Item>? { await base.next() }
    }

    let channel: AsyncChannel<TransferEvent<Item>>

    /// Returns an iterator over the events.
    public func makeAsyncIterator() -> Iterator { Iterator(base: channel.makeAsyncIterator()) }
}
