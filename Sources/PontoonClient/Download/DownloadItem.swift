import PontoonCore
public import SystemPackage

/// A file to download.
public struct DownloadItem: TransferItem, Hashable {
    /// Id of the file on the server; empty if the item was created with ``init(failed:target:problem:)``.
    public var id: String
    /// Path on the server, which a ``Downloader`` uses only in messages and results.
    public var remotePath: String
    /// Local path at which the file is stored; missing directories are created.
    public var target: FilePath
    /// Length in bytes; if `nil`, the length and the checksum are requested from the server before the download.
    public var size: Int64?
    /// Expected checksum of the file; see ``crc64nvme``.
    var crc64: CRC64NVME?
    /// Modification time to set on the downloaded file, in nanoseconds since 1970; `nil` for the time of the download.
    var modified: Int64?
    /// A clause for error messages that describes damage to the stored bytes on the server; `nil` if the server reports
    /// no damage.
    var damage: String?
    /// The source of a ``DownloadSelection`` that contains the file; `nil` if a ``DownloadSelection`` did not create
    /// the item.
    ///
    /// The source does not affect equality.
    var source: SelectedSource?
    /// Whether the file itself was selected, rather than a folder that contains it.
    var isSource = false
    /// The error with which the item fails without being requested; `nil` if it can be downloaded.
    ///
    /// ``RemoteTree`` sets it if a name cannot be used on this machine, such as `..`, or if the server refuses to list
    /// a folder. ``DownloadSelection`` also sets it if a source cannot be found. The error does not affect equality.
    public var problem: (any Error)?

    /// Creates an item.
    ///
    /// - Parameters:
    ///   - id: Id of the file on the server.
    ///   - remotePath: Path on the server, which a ``Downloader`` uses only in messages and results.
    ///   - target: Local path at which the file is stored. Missing directories are created.
    ///   - size: Length in bytes; if `nil`, the length and the checksum are requested from the server before the
    ///     download.
    ///   - crc64nvme: Expected CRC-64/NVME of the file, 16 hexadecimal digits; `nil` to verify the file only if the
    ///     storage provides a checksum. Ignored if `size` is `nil`.
    public init(
        id: String,
        remotePath: String,
        target: FilePath,
        size: Int64? = nil,
        crc64nvme: String? = nil
    ) {
        self.id = id
        self.remotePath = remotePath
        self.target = target
        self.size = size
        self.crc64nvme = crc64nvme
    }

    /// Creates an item from the details that the server returned for a file.
    public init(_ details: FileDetails, remotePath: String, target: FilePath) {
        self.init(
            id: details.id,
            remotePath: remotePath,
            target: target,
            size: details.size,
            crc64nvme: details.checksums?.crc64nvme
        )
        damage = details.checksums?.damage
        modified = details.metadata[FileTime.key].flatMap { FileTime.nanoseconds($0) }
    }

    /// Creates an item that fails with an error.
    ///
    /// - Parameters:
    ///   - remotePath: Path of the file or folder on the server.
    ///   - target: Local path at which the file or folder would be stored.
    ///   - problem: The error with which the item fails.
    public init(failed remotePath: String, target: FilePath, problem: any Error) {
        self.init(id: "", remotePath: remotePath, target: target)
        self.problem = problem
    }

    /// Returns whether both items have the same id, paths, length, checksum and damage.
    public static func == (left: DownloadItem, right: DownloadItem) -> Bool {
        left.id == right.id && left.remotePath == right.remotePath && left.target == right.target
            && left.size == right.size && left.crc64 == right.crc64 && left.damage == right.damage
    }

    /// Hashes the id and the target.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(target)
    }

    /// Expected CRC-64/NVME of the file, 16 hexadecimal digits; `nil` to verify the file only if the storage provides a
    /// checksum.
    ///
    /// Ignored if ``size`` is `nil`. Setting an invalid value sets `nil`.
    public var crc64nvme: String? {
        get { crc64?.hex }
        set { crc64 = newValue.flatMap { CRC64NVME(hex: $0) } }
    }
    /// The entry of ``DownloadSelection/listed`` that selects this file with the same ``target`` in another run; `nil`
    /// if the item was not created by a ``DownloadSelection``.
    public var listedPath: String? { source?.listedPath(of: self) }
    /// Path of the downloaded file; the same as ``target``.
    public var localPath: FilePath { target }
    /// Id of the file on the server; `nil` if ``id`` is empty.
    public var fileID: String? { id.isEmpty ? nil : id }
}

/// The result of downloading one file.
public typealias DownloadResult = TransferResult<DownloadItem>
/// A progress event that a download reports to its observer.
public typealias DownloadEvent = TransferEvent<DownloadItem>
/// The events of a download, in order.
public typealias DownloadEvents = TransferEvents<DownloadItem>

/// Options of a ``Downloader``.
public struct DownloadOptions: Sendable {
    /// Options shared by uploads and downloads.
    public var transfer = TransferOptions()
    /// Requested length of a range in bytes, 1 or more.
    ///
    /// Very large files use larger ranges, so that a file has at most 4096 ranges. A resumed download keeps its range
    /// length. Downloads to a stream use at most 4 MiB.
    public var rangeSize: Int64 = 16 << 20

    /// Creates the default options.
    public init() {}
}
