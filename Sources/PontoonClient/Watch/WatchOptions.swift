public import SystemPackage

/// The options of a ``RunWatcher`` for finding, uploading and comparing runs.
public struct WatchOptions: Sendable {
    /// The destination and the transfer options.
    ///
    /// ``UploadOptions/stateDirectory`` is required. Files at the destination that differ are always replaced.
    public var upload: UploadOptions
    /// Patterns of the marker files, relative to the run's folder.
    ///
    /// When each pattern matches a file, the instrument has finished the run. Marker files are sent after all others.
    public var markers: [String]
    /// Patterns that select the files of a run, as in ``FileSelection/include``; the markers are always selected.
    public var include: [String] = []
    /// Patterns that exclude files and folders of a run, as in ``FileSelection/exclude``.
    public var exclude: [String] = []
    /// Tags for all files.
    public var tags: [String] = []
    /// Metadata for all files.
    public var metadata: [String: String] = [:]
    /// Time for which the length and the modification time of a file must not change before it is sent.
    public var settle: Duration = .seconds(60)
    /// Pause between two scans of the folder; at least 100 milliseconds.
    public var interval: Duration = .seconds(30)
    /// Time without any change after which an unfinished run is abandoned: as ``RunState/timedOut`` if its markers are
    /// missing, otherwise as ``RunState/failed``.
    public var timeout: Duration = .seconds(72 * 3600)
    /// Number of folder levels from the watched folder to a run: 1 if it contains the runs, 0 if it is a run.
    ///
    /// A watched folder that directly contains a marker is always a run, and the watch returns when that run has ended.
    public var depth = 1
    /// Whether to return when at least one run was found, and every run has ended or was removed; see
    /// ``RunState/isFinal``.
    ///
    /// Otherwise, the watch runs until its task is cancelled.
    public var endsWhenDone = false
    /// Whether the comparison at the end of a run reads the local files and compares checksums, not only lengths.
    public var comparesChecksums = true
    /// Folder for the receipts; `nil` for a folder in the state directory.
    public var receipts: FilePath?

    /// Creates the default options.
    ///
    /// - Parameters:
    ///   - upload: The destination and the transfer options.
    ///   - markers: Patterns of the marker files; at least one. See ``markers``.
    public init(upload: UploadOptions, markers: [String]) {
        self.upload = upload
        self.markers = markers
    }
}

/// The state of a run.
///
/// ``RunWatcher`` reports each change.
public enum RunState: String, Sendable, Codable {
    /// The run was found: it is new, or an earlier watch left it unfinished, failed or different.
    case found
    /// Stable files are being sent.
    case uploading
    /// All markers exist and are stable.
    case marked
    /// All files have been sent and are being compared with the files at the destination.
    case comparing
    /// The comparison found no missing or different file at the destination.
    case complete
    /// After the upload, files are missing or different at the destination, or could not be compared.
    case different
    /// Files could not be uploaded, because of a permanent error or because ``WatchOptions/timeout`` elapsed.
    case failed
    /// Markers are missing, and the run has not changed for ``WatchOptions/timeout``.
    case timedOut = "timed_out"
    /// The folder of an unfinished run was removed.
    case removed
    /// A run that had ended has changed and is watched again.
    case changed
    /// An error prevented the upload of some or all files. The watch of the run continues.
    case waiting

    /// Whether the run has ended.
    ///
    /// The same watch continues only if the run changes or, if it is complete, if its markers change. A later watch
    /// also tries failed and different runs again.
    public var isFinal: Bool { [.complete, .different, .failed, .timedOut].contains(self) }
}

/// A report about a run: its state and problems.
public struct RunNotice: Sendable {
    /// Absolute path of the run's folder, or of the watched folder if the watched folder cannot be read.
    public let run: FilePath
    /// Path of the run's folder below the destination, as folder names, outermost first.
    public let folders: [String]
    /// The run's state.
    public let state: RunState
    /// Number of files found by the last scan of the run.
    public let files: Int
    /// Total length, in bytes, of the files found by the last scan of the run.
    public let bytes: Int64
    /// Problems of individual files, at most ten, each with its path.
    public var problems: [String] = []
    /// Number of all problems, including those that ``problems`` omits.
    public var problemCount = 0
    /// The error that led to this state; `nil` if there is none.
    public var error: (any Error)?
    /// Number of files that the comparison found only at the destination, for example because local files were renamed
    /// during the run.
    public var extraFiles = 0
    /// Path of the receipt; `nil` unless the run's files have all been uploaded.
    public var receipt: FilePath?
    /// Id of the run's folder at the destination; `nil` before the comparison.
    public var folderID: String?
}
