public import SystemPackage

/// A file to download.
public struct DownloadItem: Hashable, Sendable {
    /// The file's id.
    public var fileID: String
    /// Folders and name at the server, for people.
    public var remotePath: String
    /// Where it is to lie; its folders are made when they are missing.
    public var target: FilePath
    /// Length in bytes, as far as a list showed it.
    public var size: Int64?
    /// CRC-64/NVME, 16 hex digits, as far as a list showed it.
    public var crc64nvme: String?

    /// Joins the fields.
    public init(
        fileID: String,
        remotePath: String,
        target: FilePath,
        size: Int64? = nil,
        crc64nvme: String? = nil
    ) {
        self.fileID = fileID
        self.remotePath = remotePath
        self.target = target
        self.size = size
        self.crc64nvme = crc64nvme
    }

    /// Takes what a list or a call showed of a file.
    public init(_ details: FileDetails, remotePath: String, target: FilePath) {
        self.init(
            fileID: details.id,
            remotePath: remotePath,
            target: target,
            size: details.size,
            crc64nvme: details.checksums?.crc64nvme
        )
    }
}

/// How files are downloaded.
public struct DownloadOptions: Sendable {
    /// Whether files that lie at the target are replaced.
    public var overwrite = false
    /// Whether files whose target is there are left out.
    public var skipExisting = false
    /// How many ranges are in flight, over all files.
    public var parallel = UploadOptions.Parallel.automatic
    /// Bytes of memory the whole process may use, roughly; no less than 64 MiB.
    public var maximumMemory = 256 << 20
    /// Bytes in a second, over all files; `nil` is without limit.
    public var bandwidth: Int64?
    /// Bytes of a range, 1 or more; large files have larger ones, so that there are not too many.
    public var rangeSize: Int64 = 16 << 20
    /// Whether what an earlier run fetched is ignored.
    public var startsAfresh = false

    /// Takes the usual values.
    public init() {}
}

/// How the download of one file ended.
public struct DownloadResult: Sendable {
    /// What became of it.
    public enum Outcome: Sendable {
        /// It lies at the target; some bytes may have been fetched by an earlier run.
        case downloaded
        /// The very same bytes lay at the target.
        case alreadyThere
        /// Something lies at the target, and such files were to be left out.
        case skipped
        case failed(any Error)
        /// The work was cancelled before its end; it can be resumed.
        case cancelled
    }

    /// How the bytes were compared with the server's.
    public enum Verification: String, Sendable {
        /// The server's checksum of the whole file.
        case file
        /// The server shows nothing that could be compared but the length.
        case size
    }

    /// Position in the list of items.
    public let index: Int
    /// The file.
    public let item: DownloadItem
    /// What became of it.
    public var outcome: Outcome
    /// Its length in bytes.
    public var size: Int64 = 0
    /// Bytes that this run received.
    public var receivedBytes: Int64 = 0
    /// Bytes that an earlier run had received.
    public var resumedBytes: Int64 = 0
    /// CRC-64/NVME of the file, 16 hex digits.
    public var crc64nvme: String?
    /// How it was verified.
    public var verification: Verification?

    /// Whether the file lies at its target.
    public var isThere: Bool {
        switch outcome {
        case .downloaded, .alreadyThere, .skipped: true
        case .failed, .cancelled: false
        }
    }
}
