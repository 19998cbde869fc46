import PontoonCore
import Synchronization

/// The rules that determine which files are sent in archives.
final class ArchiveRules: Sendable {
    /// Minimum number of files in an archive.
    ///
    /// For fewer files, an archive is no faster than one call per file.
    static let minimumFiles = 16
    /// Maximum number of files in an archive.
    private static let maximumFiles = 1000
    /// Total length of an archive's files, in bytes, at which no further file is added.
    private static let maximumBytes: Int64 = 16 << 20
    /// Number of archives into which a run's small files are divided if the other limits permit.
    private static let desiredArchives = 3

    /// Maximum number of files in an archive, and the total length in bytes at which no further file is added.
    let limit: (files: Int, bytes: Int64)
    /// Maximum length in bytes of a file in an archive; -1 if no file is sent in an archive.
    private let maximumSize: Int64
    private let isJournaled: @Sendable (UploadItem) -> Bool
    private let refused = Mutex(false)

    /// Creates the rules of a run.
    ///
    /// - Parameters:
    ///   - server: The server's index. Archives are sent only if it lists the extension `archive_put`.
    ///   - options: The upload options. No archives are sent for a stream, or if ``UploadOptions/computesMD5``,
    ///     ``UploadOptions/uploadID`` or ``UploadOptions/adoptsUploads`` is set.
    ///   - items: The files and empty folders of the run.
    ///   - sizes: The lengths in bytes, in the order of `items`.
    ///   - maximumSize: Maximum length in bytes of a file in an archive; -1 to send no archives.
    ///   - isJournaled: Returns whether an earlier run left a journal of a file. Such a file is not sent in an archive,
    ///     so that its upload can be resumed.
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

    /// Returns whether an item whose length is `size` bytes may be sent in an archive; `false` for an empty folder.
    func contains(_ item: UploadItem, size: Int64) -> Bool {
        !item.isFolder && size <= maximumSize && !isRefused && !isJournaled(item)
    }

    /// Whether the server or a proxy has refused an archive with a status other than 503.
    var isRefused: Bool { refused.withLock { $0 } }

    /// Records that an archive was refused, so that no other archive is started.
    func noteRefusal() { refused.withLock { $0 = true } }
}
