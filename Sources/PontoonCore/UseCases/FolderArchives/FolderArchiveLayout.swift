package import NIOCore

/// The encoder of all bytes of a folder archive except the contents of files.
///
/// These bytes and the lengths of the files determine the length of the archive and the position of each byte in it.
package struct FolderArchiveLayout: Sendable {
    /// Number of entries so far.
    package private(set) var entries = 0
    /// Number of bytes of the archive so far.
    package private(set) var position: Int64 = 0
    /// Number of bytes of the central directory of a zip archive so far.
    private var directory: Int64 = 0
    private let format: FolderArchiveFormat

    package init(_ format: FolderArchiveFormat) { self.format = format }

    /// Appends the bytes before the content of the next entry.
    package mutating func appendHeader(_ entry: FolderArchiveEntry, to archive: inout ByteBuffer) {
        let start = archive.writerIndex
        entries += 1
        switch format {
        case .tar:
            TarWriter.appendHeader(
                entry.path,
                entry.file.kind,
                size: entry.size,
                modifiedOn: entry.file.modifiedOn,
                to: &archive
            )
        case .zip: ZipWriter.appendHeader(entry.zipEntry, to: &archive)
        }
        advance(by: Int64(archive.writerIndex - start))
    }

    /// Appends the bytes after the content of the entry whose header was appended last.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - checksum: CRC-32 of the content of a file; used only by zip archives.
    ///   - archive: The buffer to which the bytes are appended.
    package mutating func appendFooter(of entry: FolderArchiveEntry, checksum: UInt32, to archive: inout ByteBuffer) {
        advance(by: entry.size)
        let start = archive.writerIndex
        switch format {
        case .tar: TarWriter.appendPadding(after: entry.size, to: &archive)
        case .zip:
            if entry.file.kind == .file {
                ZipWriter.appendDescriptor(entry.zipEntry, checksum: checksum, to: &archive)
            }
        }
        advance(by: Int64(archive.writerIndex - start))
    }

    /// Appends an entry of the central directory of a zip archive, which follows the last file's content.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - checksum: CRC-32 of the content; 0 for a folder.
    ///   - offset: Position of the entry's header in the archive.
    ///   - archive: The buffer to which the bytes are appended.
    package mutating func appendDirectoryEntry(
        _ entry: FolderArchiveEntry,
        checksum: UInt32,
        offset: Int64,
        to archive: inout ByteBuffer
    ) {
        let start = archive.writerIndex
        ZipWriter.appendDirectoryEntry(entry.zipEntry, checksum: checksum, offset: offset, to: &archive)
        let length = Int64(archive.writerIndex - start)
        directory = directory.addingClamped(length)
        advance(by: length)
    }

    /// Appends the last bytes of the archive, which follow the last entry or, in a zip archive, the central directory.
    package mutating func appendTrailer(to archive: inout ByteBuffer) {
        let start = archive.writerIndex
        switch format {
        case .tar: TarWriter.appendTrailer(to: &archive)
        case .zip:
            ZipWriter.appendTrailer(entries: entries, directory: position - directory..<position, to: &archive)
        }
        advance(by: Int64(archive.writerIndex - start))
    }

    private mutating func advance(by count: Int64) { position = position.addingClamped(count) }
}

/// The calculation of the length of an archive from its entries.
struct FolderArchiveLength {
    private let format: FolderArchiveFormat
    private var layout: FolderArchiveLayout
    private var directory: FolderArchiveLayout
    private var scratch = ByteBuffer()

    init(_ format: FolderArchiveFormat) {
        self.format = format
        (layout, directory) = (FolderArchiveLayout(format), FolderArchiveLayout(format))
    }

    /// Number of entries so far.
    var entries: Int { layout.entries }
    /// Length in bytes of the archive so far, including the central directory of a zip archive, but without the
    /// trailer; clamped to `Int64.max`.
    var position: Int64 { layout.position.addingClamped(directory.position) }

    mutating func add(_ entry: FolderArchiveEntry) {
        let offset = layout.position
        layout.appendHeader(entry, to: &scratch)
        layout.appendFooter(of: entry, checksum: 0, to: &scratch)
        scratch.clear()
        guard format == .zip else { return }
        directory.appendDirectoryEntry(entry, checksum: 0, offset: offset, to: &scratch)
        scratch.clear()
    }

    /// Returns the length of the archive.
    func finish() -> Int64 {
        var end = ByteBuffer()
        switch format {
        case .tar: TarWriter.appendTrailer(to: &end)
        case .zip: ZipWriter.appendTrailer(entries: entries, directory: layout.position..<position, to: &end)
        }
        return position.addingClamped(Int64(end.readableBytes))
    }
}

extension FolderArchiveEntry {
    fileprivate var zipEntry: ZipWriter.Entry {
        ZipWriter.Entry(path, file.kind, size: size, modifiedOn: file.modifiedOn)
    }
}
