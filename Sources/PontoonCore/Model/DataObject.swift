/// A file or folder as an object of GA4GH's Data Repository Service.
package enum DataObject: Sendable {
    case file(File)
    case bundle(FolderBundle)
}

/// A folder and everything in it.
package struct FolderBundle: Sendable {
    package let folder: File
    /// Total length of all files in the folder and its subfolders, in bytes.
    package let size: Int64
    /// CRC-64/NVME of the sorted and concatenated checksums of ``contents`` in hex; `nil` if one of the checksums is
    /// unknown.
    package let checksum: CRC64NVME?
    /// The files and folders directly in the folder, ordered by name.
    package let contents: [DataObject]
}

extension DataObject {
    package var file: File {
        switch self {
        case .file(let file): file
        case .bundle(let bundle): bundle.folder
        }
    }

    /// Length of a file, or total length of the files in a folder, in bytes.
    package var size: Int64 {
        switch self {
        case .file(let file): file.content?.size ?? 0
        case .bundle(let bundle): bundle.size
        }
    }

    /// CRC-64/NVME of a file, or ``FolderBundle/checksum`` of a folder; `nil` if it is not known.
    package var checksum: CRC64NVME? {
        switch self {
        case .file(let file): file.content?.crc64
        case .bundle(let bundle): bundle.checksum
        }
    }
}

extension FolderBundle {
    /// Creates the bundle of a folder from its direct contents, which must be ordered by name.
    ///
    /// Source: GA4GH DRS 1.5, `DrsObject.checksums`.
    init(_ folder: File, contents: [DataObject]) {
        self.folder = folder
        self.contents = contents
        size = contents.map(\.size).clampedSum
        let checksums = contents.compactMap { $0.checksum?.hex }
        guard checksums.count == contents.count else {
            checksum = nil
            return
        }
        var checksum = CRC64NVME()
        Array(checksums.sorted().joined().utf8).withUnsafeBytes { checksum.update($0) }
        self.checksum = checksum
    }
}
