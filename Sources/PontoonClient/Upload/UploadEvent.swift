import AsyncAlgorithms

/// Something that happened while files are uploaded.
public enum UploadEvent: Sendable {
    /// What a file's upload consists of.
    public struct Start: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// The file.
        public let item: UploadItem
        /// The upload's id.
        public let uploadID: String
        /// Length in bytes.
        public let size: Int64
        /// Number of parts.
        public let parts: Int
        /// Bytes in every part but the last.
        public let partSize: Int64
        /// Parts that were there already.
        public let resumedParts: Int
        /// Bytes in them.
        public let resumedBytes: Int64
    }

    /// One part was stored.
    public struct Part: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// The number, from 1.
        public let number: Int
        /// Length in bytes.
        public let size: Int64
        /// The storage's tag, without quotes.
        public let etag: String
    }

    /// All files are known.
    case began(files: Int, bytes: Int64)
    /// A file's upload was started or taken up again.
    case started(Start)
    case partStored(Part)
    /// Something failed and is tried again.
    case retrying(index: Int?, purpose: String, reason: String, wait: Duration)
    /// All parts of a file are there, and complete is asked for.
    case verifying(index: Int)
    /// A file ended, one way or the other.
    case ended(UploadResult)
    /// Several times a second; only the newest is kept for who is slow to read.
    case progress(UploadProgress)
}

/// Where all files stand.
public struct UploadProgress: Sendable {
    /// Where a file stands.
    public struct File: Sendable {
        /// Position in the list of items.
        public let index: Int
        /// Length in bytes.
        public let size: Int64
        /// Bytes that are at the server or on their way.
        public let doneBytes: Int64
        /// Number of parts.
        public let parts: Int
        /// Parts that are stored.
        public let doneParts: Int
        /// Whether complete was asked for.
        public let isVerifying: Bool
    }

    /// Files that are being worked on, in order.
    public let active: [File]
    /// Number of files.
    public let files: Int
    /// Files that ended, one way or the other.
    public let endedFiles: Int
    /// Those of them that are not at the destination.
    public let failedFiles: Int
    /// Length of all files.
    public let bytes: Int64
    /// Bytes that are at the server or on their way.
    public let doneBytes: Int64
    /// Bytes that this run sent, those sent twice included.
    public let sentBytes: Int64
    /// Parts in flight at most, at this moment.
    public let parallel: Int
}

/// The events of an upload, in order.
public struct UploadEvents: AsyncSequence, Sendable {
    /// One event.
    public typealias Element = UploadEvent
    /// Reading events does not fail.
    public typealias Failure = Never

    /// Hands out one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        var base: AsyncChannel<UploadEvent>.Iterator

        /// The next event; `nil` at the end.
        @concurrent public mutating func next() async -> UploadEvent? { await base.next() }
    }

    let channel: AsyncChannel<UploadEvent>

    /// Begins to read; once.
    public func makeAsyncIterator() -> Iterator { Iterator(base: channel.makeAsyncIterator()) }
}
