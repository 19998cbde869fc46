/// The format of a folder archive.
///
/// The raw value is the name of the format in the API, and the extension of the archive's file name.
package enum FolderArchiveFormat: String, CaseIterable, Sendable {
    case tar, zip
}

/// A file or folder in a folder archive.
package struct FolderArchiveEntry: Hashable, Sendable {
    /// Path in the archive, starting with the name of the archived folder.
    package let path: String
    /// The file or folder, without its tags and metadata.
    package let file: File

    /// Length of the content in bytes; 0 for a folder.
    package var size: Int64 { file.content?.size ?? 0 }
}

/// The properties of one version of a folder archive, computed from the folder's contents.
///
/// The folder is read page by page, so a change made in the meantime may or may not be included. A download of the
/// archive fails if the folder no longer matches the listing.
package struct FolderListing: Sendable {
    package let folder: File
    package let format: FolderArchiveFormat
    /// Length of the archive in bytes.
    package let size: Int64
    /// Number of files and folders, including the folder itself.
    package let entries: Int
    /// Hash of the format and of the path, id, content and modification time of every entry; 32 hex digits.
    ///
    /// Two archives with the same version have the same bytes.
    package let version: String
    /// The hashes of the batches of entries, in order; see ``FolderBatches``.
    let batches: [[UInt8]]

    /// The suggested file name of the archive.
    package var name: String { "\(folder.nameInArchive).\(format.rawValue)" }
}

extension File {
    /// The top-level name in an archive of this folder: the name of the folder or, for a root folder, of the project.
    var nameInArchive: String { parent == nil ? project.shortName : name }
}
