import PontoonCore
import Synchronization

/// The rules that determine which files are sent in archives.
final class ArchiveRules: Sendable {
    /// Minimum number of files in an archive.
    ///
    /// Fewer files can be sent just as fast with one call each.
    static let minimumFiles = 16
    /// Maximum number of files in an archive.
    private static let maximumFiles = 1000
    /// Total length of an archive's files, in bytes, from which no more files are added.
    private static let maximumBytes: Int64 = 16 << 20
    /// Number of archives into which the files of a small run are divided.
    private static let desiredArchives = 3

    /// Maximum number of files in an archive, and the total length in bytes from which no more files are added.
    let limit: (files: Int, bytes: Int64)
    /// Maximum length of a file in bytes; -1 if no file is sent in an archive.
    private let maximumSize: Int64
    private let isJournaled: @Sendable (UploadItem) -> Bool
    private let refused = Mutex(false)

    /// Creates the rules of a run.
    ///
    /// - Parameters:
    ///   - server: The server's index. Archives are sent only if it lists the extension `archive_put`.
    ///   - options: The upload options. No archives are sent for streams, if MD5s are computed, or if uploads are
    ///     resumed by id or adopted.
    ///   - items: The files.
    ///   - sizes: The lengths of the files in bytes, in the same order.
    ///   - maximumSize: Maximum length of a file in bytes.
    ///   - isJournaled: Returns whether an earlier run left an unfinished upload of a file. Such a file is not sent in
    ///     an archive, because its upload is resumed.
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

    /// Whether the server or a proxy has refused an archive.
    var isRefused: Bool { refused.withLock { $0 } }

    /// Records that an archive was refused, so that the other files are sent separately.
    func noteRefusal() { refused.withLock { $0 = true } }
}
