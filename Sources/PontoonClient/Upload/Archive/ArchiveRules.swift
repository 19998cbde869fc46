import PontoonCore
import Synchronization

/// The rules that decide which files are sent together, in archives.
final class ArchiveRules: Sendable {
    /// Minimum number of files in an archive; sending fewer with one call each is not slower.
    static let minimumFiles = 16
    /// Maximum number of files in an archive.
    private static let maximumFiles = 1000
    /// Total length in bytes at which no further file is added to an archive.
    private static let maximumBytes: Int64 = 16 << 20
    /// Number of archives among which the files of a short run are divided.
    private static let desiredArchives = 3

    /// Maximum number of files in an archive, and the total length in bytes at which no further file is added.
    let limit: (files: Int, bytes: Int64)
    /// Maximum length of a file in bytes; -1 if no file is sent in an archive.
    private let maximumSize: Int64
    private let isJournaled: @Sendable (UploadItem) -> Bool
    private let refused = Mutex(false)

    /// Creates the rules of a run.
    ///
    /// - Parameters:
    ///   - server: The index of the server, which must announce archives.
    ///   - options: Options of the uploads; uploads that the user resumes are not sent in archives.
    ///   - items: The files.
    ///   - sizes: Their lengths in bytes.
    ///   - maximumSize: Maximum length of a file in bytes.
    ///   - isJournaled: Returns whether an earlier run left an unfinished upload of a file, which is resumed in parts.
    init(
        _ server: ServerIndex,
        _ options: UploadOptions,
        items: [UploadItem],
        sizes: [Int64],
        maximumSize: Int64,
        isJournaled: @escaping @Sendable (UploadItem) -> Bool
    ) {
        self.isJournaled = isJournaled
        let small = zip(items, sizes).count { !$0.isFolder && $1 <= maximumSize }
        let isUsed =
            server.storesArchives && options.uploadID == nil && !options.adoptsUploads && options.stream == nil
            && !options.computesMD5 && small >= Self.minimumFiles
        self.maximumSize = isUsed ? maximumSize : -1
        let share = (small + Self.desiredArchives - 1) / Self.desiredArchives
        limit = (min(Self.maximumFiles, max(Self.minimumFiles, share)), Self.maximumBytes)
    }

    /// Returns whether a file of this length in bytes is sent in an archive.
    func contains(_ item: UploadItem, size: Int64) -> Bool {
        !item.isFolder && size <= maximumSize && !isRefused && !isJournaled(item)
    }

    /// Whether the server or a proxy refuses archives.
    var isRefused: Bool { refused.withLock { $0 } }

    /// Records that an archive was refused, so that the other files are sent separately.
    func noteRefusal() { refused.withLock { $0 = true } }
}
