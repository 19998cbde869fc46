import AsyncAlgorithms

/// Something that happened while files are downloaded.
public enum DownloadEvent: Sendable {
    /// What a file's download consists of.
    public struct Start: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// The file.
        public let item: DownloadItem
        /// Length in bytes.
        public let size: Int64
        /// Number of ranges.
        public let ranges: Int
        /// Ranges that an earlier run fetched; they are compared before they count.
        public let resumedRanges: Int
        /// Bytes in them.
        public let resumedBytes: Int64
    }

    /// One range was fetched.
    public struct Range: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// Where it begins.
        public let offset: Int64
        /// Length in bytes.
        public let size: Int64
    }

    /// All files are known; `bytes` counts those whose length is.
    case began(files: Int, bytes: Int64)
    /// A file's download was begun or taken up again.
    case started(Start)
    case rangeStored(Range)
    /// Something failed and is tried again.
    case retrying(index: Int?, purpose: String, reason: String, wait: Duration)
    /// A file ended, one way or the other.
    case ended(DownloadResult)
    /// Several times a second; parts are ranges here, and what is sent is received.
    case progress(UploadProgress)
}

/// The events of a download, in order.
public struct DownloadEvents: AsyncSequence, Sendable {
    /// One event.
    public typealias Element = DownloadEvent
    /// Reading events does not fail.
    public typealias Failure = Never

    /// Hands out one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        var base: AsyncChannel<DownloadEvent>.Iterator

        /// The next event; `nil` at the end.
        @concurrent public mutating func next() async -> DownloadEvent? { await base.next() }
    }

    let channel: AsyncChannel<DownloadEvent>

    /// Begins to read; once.
    public func makeAsyncIterator() -> Iterator { Iterator(base: channel.makeAsyncIterator()) }
}
