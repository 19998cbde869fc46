/// The limits of an archive that depend on its length before decompression, so that a small compressed archive cannot
/// create many folders or cause much work.
package struct ArchiveLimits: Sendable {
    /// Number of received bytes that allow one more folder.
    private static let bytesPerFolder = 1 << 10
    /// Number of bytes of overhead that one received byte allows.
    ///
    /// With gzip, archives of empty files with long names expand by a factor of at most 162, and zeros by about 1000.
    private static let expansion: Int64 = 256

    private let folders: Int
    private let overhead: Int64
    private let received: @Sendable () -> Int

    /// - Parameters:
    ///   - folders: Number of new folders that an archive of any length may have.
    ///   - overhead: Number of bytes, without the content of files, that an archive of any length may have.
    ///   - received: Returns the number of bytes of the body received so far, before they are decompressed.
    package init(folders: Int = 10_000, overhead: Int64 = 16 << 20, received: @escaping @Sendable () -> Int) {
        self.folders = folders
        self.overhead = overhead
        self.received = received
    }

    /// The maximum number of folders that the archive may create so far.
    var maximumFolders: Int { folders.addingClamped(received() / Self.bytesPerFolder) }

    /// Checks the number of decompressed bytes so far that are not the content of files.
    ///
    /// The content of files is limited by quotas and the maximum file size instead.
    ///
    /// - Throws: `.badRequest` if there are too many such bytes for the number of bytes received.
    func check(overhead: Int64) throws(PontoonError) {
        guard overhead <= self.overhead || (overhead - self.overhead) / Self.expansion <= received() else {
            throw PontoonError(
                .badRequest,
                "The archive expands too much: it consists almost entirely of headers and zeros. Send it uncompressed."
            )
        }
    }
}
