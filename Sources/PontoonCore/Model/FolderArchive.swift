/// The format of an archive of a folder; the raw value is its name in the API and the extension of the file.
package enum FolderArchiveFormat: String, CaseIterable, Sendable {
    case tar, zip
}

/// A file or folder in an archive of a folder.
package struct FolderArchiveEntry: Hashable, Sendable {
    /// Path in the archive: the name of the archived folder, and the names below it.
    package let path: String
    /// The file or folder, without its tags and metadata.
    package let file: File

    /// Length of the content in bytes; 0 for a folder.
    package var size: Int64 { file.content?.size ?? 0 }
}

/// The contents of an archive of a folder: the names, sizes and times of everything in the folder, read page by page.
///
/// A change made while the listing was being read may be included or not. The archive has exactly the listed content,
/// or its download fails.
package struct FolderListing: Sendable {
    package let folder: File
    package let format: FolderArchiveFormat
    /// Length of the archive in bytes.
    package let size: Int64
    /// Number of files and folders, including the folder itself.
    package let entries: Int
    /// Hash of the listing, 32 hex digits; archives of the same folder with the same version have the same bytes.
    package let version: String
    /// The hash of each batch of entries, in order.
    let batches: [[UInt8]]

    /// The name under which a client saves the archive.
    package var name: String { "\(folder.nameInArchive).\(format.rawValue)" }
}

extension File {
    /// The first name in the paths of an archive of this folder; the root folder of a project has no name.
    var nameInArchive: String { parent == nil ? project.shortName : name }
}
