public import SystemPackage

/// A file to upload, or an empty folder to create.
public struct UploadItem: TransferItem, Hashable {
    /// Path of the file on this machine.
    public var source: FilePath
    /// Name of the file at the destination, without slashes.
    public var name: String
    /// Folders below the destination, outermost first; missing folders are created.
    public var folders: [String]
    /// Tags to set on the uploaded file; if empty, none are set.
    public var tags: [String]
    /// Metadata to set on the uploaded file.
    ///
    /// ``TransferOptions/keepsTimes`` adds the modification time.
    public var metadata: [String: String]
    /// The error that is reported instead of opening the item; `nil` if the item can be uploaded.
    ///
    /// ``FileSelection`` sets it for paths that cannot be uploaded, such as missing or unreadable files.
    public var problem: ClientError?
    /// Whether the file is sent only after all files for which this property is `false` have succeeded.
    ///
    /// If one of these files fails, this file fails with ``ClientError/Code/heldBack`` instead of being sent. Use it
    /// for a marker file whose presence means that all other files are complete.
    public var isLast = false
    /// Whether the item is an empty folder, which is created at the destination.
    public var isFolder = false

    /// Creates an item.
    ///
    /// - Parameters:
    ///   - source: Path of the file on this machine.
    ///   - name: Name of the file at the destination, without slashes.
    ///   - folders: Folders below the destination, outermost first; missing folders are created.
    ///   - tags: Tags to set on the uploaded file; if empty, none are set.
    ///   - metadata: Metadata to set on the uploaded file.
    ///   - problem: The error that is reported instead of opening the item; `nil` if the item can be uploaded.
    public init(
        source: FilePath,
        name: String,
        folders: [String] = [],
        tags: [String] = [],
        metadata: [String: String] = [:],
        problem: ClientError? = nil
    ) {
        self.source = source
        self.name = name
        self.folders = folders
        self.tags = tags
        self.metadata = metadata
        self.problem = problem
    }

    /// Returns a copy of the item with `outer`, outermost folder first, before its own ``folders``.
    func placed(in outer: [String]) -> UploadItem {
        if outer.isEmpty { return self }
        var item = self
        item.folders = outer + folders
        return item
    }

    /// Path of the file on this machine.
    public var localPath: FilePath { source }
    /// Folders and name at the destination, separated by slashes.
    public var remotePath: String { (folders + [name]).joined(separator: "/") }
    /// The folders that must exist at the destination: ``folders`` and, for a folder, the folder itself.
    var allFolders: [String] { isFolder ? folders + [name] : folders }
    /// Always `nil`: the server assigns the id when it creates the file.
    public var fileID: String? { nil }
}

/// The result of uploading one file.
public typealias UploadResult = TransferResult<UploadItem>
/// A progress event that an upload reports to its observer.
public typealias UploadEvent = TransferEvent<UploadItem>
/// The events of an upload, in order.
public typealias UploadEvents = TransferEvents<UploadItem>

/// The options of an ``Uploader``, including the destination of the files.
public struct UploadOptions: Sendable {
    /// The project or folder that receives the files.
    public var destination: UploadDestination
    /// Options shared by uploads and downloads.
    public var transfer = TransferOptions()
    /// Whether to upload the bytes as read even if the file changes during its upload; otherwise the upload fails.
    ///
    /// The upload of a file that becomes shorter always fails.
    public var allowsChangingFiles = false
    /// Requested part size in bytes; `nil` to choose it automatically.
    public var partSize: Int64?
    /// Directory for the journals and the logs of finished uploads; if `nil`, only uploads selected by ``uploadID`` or
    /// ``adoptsUploads`` can be resumed.
    public var stateDirectory: FilePath?
    /// Id of an existing upload to resume, such as one that another client started; requires a single item.
    public var uploadID: String?

    /// Whether to resume an unfinished upload of the same file even if its journal is missing, for example because
    /// another machine started the upload.
    ///
    /// Set it only if no other client is still working on that upload: the parts of two clients would replace each
    /// other. Has no effect if ``TransferOptions/resumes`` is `false`.
    public var adoptsUploads = false

    /// Whether files that exist at the destination with the same bytes are not uploaded again even if
    /// ``TransferOptions/resumes`` is `false`.
    public var comparesAlways = false

    /// Whether to compute the MD5 of each file, and to declare it when an upload starts, so that Pontoon verifies it.
    ///
    /// The file is read once more, before its first part is sent. Has no effect on streams.
    public var computesMD5 = false

    /// Whether to look up the files at the destination first, and not to upload files that exist there with the same
    /// bytes.
    ///
    /// `false` if the user chose an upload to resume, or wants to send all files again.
    var comparesExisting: Bool { uploadID == nil && (transfer.resumes || comparesAlways) }

    /// The stream to upload instead of files; `nil` to upload files.
    var stream: UploadStream?

    /// Creates the default options for a destination.
    public init(destination: UploadDestination) { self.destination = destination }
}
