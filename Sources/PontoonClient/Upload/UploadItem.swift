public import SystemPackage

/// A file to upload.
public struct UploadItem: Hashable, Sendable {
    /// Where it lies.
    public var source: FilePath
    /// Its name at the destination, without slashes.
    public var name: String
    /// Folders below the destination, outermost first; made when they are missing.
    public var folders: [String]
    /// Tags it gets.
    public var tags: [String]
    /// Metadata it gets.
    public var metadata: [String: String]

    /// Joins the fields.
    public init(
        source: FilePath,
        name: String,
        folders: [String] = [],
        tags: [String] = [],
        metadata: [String: String] = [:]
    ) {
        self.source = source
        self.name = name
        self.folders = folders
        self.tags = tags
        self.metadata = metadata
    }

    /// Folders and name, as a person writes them.
    public var remotePath: String { (folders + [name]).joined(separator: "/") }
}

/// How files are uploaded.
public struct UploadOptions: Sendable {
    /// How many parts are in flight, over all files.
    public enum Parallel: Hashable, Sendable {
        /// As many as the link gains from.
        case automatic
        /// So many, 1 or more.
        case fixed(Int)
    }

    /// Where the files go.
    public var destination: UploadDestination
    /// Whether files of the same names are replaced.
    public var overwrite = false
    /// Whether files whose name is there are left out.
    public var skipExisting = false
    /// Whether a file that changes while it is sent is uploaded as it was read, rather than failing.
    public var allowsChanging = false
    /// How many parts are in flight.
    public var parallel = Parallel.automatic
    /// Bytes of memory the whole process may use, roughly; no less than 64 MiB.
    public var maximumMemory = 256 << 20
    /// Bytes in a second, over all files; `nil` is without limit.
    public var bandwidth: Int64?
    /// Bytes per part; `nil` lets the planner choose.
    public var partSize: Int64?
    /// Folder of the journals; without one nothing can be resumed.
    public var state: FilePath?
    /// Whether journals of earlier runs are ignored.
    public var startsAfresh = false
    /// An upload begun elsewhere that the only file is to continue.
    public var uploadID: String?

    /// Takes the usual values.
    public init(destination: UploadDestination) { self.destination = destination }
}

/// How one file ended.
public struct UploadResult: Sendable {
    /// What became of it.
    public enum Outcome: Sendable {
        /// Its bytes are there; some may have been sent by an earlier run.
        case uploaded
        /// An earlier run had finished it, or the very same bytes were there under its name.
        case alreadyThere
        /// A file of its name is there, and such files were to be left out.
        case skipped
        case failed(any Error)
        /// The work was cancelled before its end; it can be resumed.
        case cancelled
    }

    /// How the server's bytes were compared with the file's.
    public enum Verification: String, Sendable {
        /// The server's checksum of the whole file.
        case file
        /// The tag of each part, which is a checksum of it.
        case parts
        /// The server shows nothing that could be compared but the length.
        case size
    }

    /// Position in the list of items.
    public let index: Int
    /// The file.
    public let item: UploadItem
    /// What became of it.
    public var outcome: Outcome
    /// The file's id at the server.
    public var fileID: String?
    /// Its length in bytes.
    public var size: Int64 = 0
    /// Bytes that this run sent.
    public var sentBytes: Int64 = 0
    /// Bytes that an earlier run had sent.
    public var resumedBytes: Int64 = 0
    /// CRC-64/NVME of the file, 16 hex digits.
    public var crc64nvme: String?
    /// How it was verified.
    public var verification: Verification?
    /// The upload that made it, or can be resumed.
    public var uploadID: String?

    /// Whether the file is at the destination.
    public var isThere: Bool {
        switch outcome {
        case .uploaded, .alreadyThere, .skipped: true
        case .failed, .cancelled: false
        }
    }
}
