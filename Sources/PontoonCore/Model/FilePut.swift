import PontoonFoundation

/// The result of checking a ``FilePut``.
package enum CheckedFilePut: Sendable {
    /// The file can be stored.
    case new(NewFile)
    /// The folder already has this file, which is kept.
    case existing(File)

    /// The project of the file.
    package var project: ProjectID {
        switch self {
        case .new(let file): file.project
        case .existing(let file): file.project
        }
    }
}

/// A file that is about to be stored, with its checked destination.
package struct NewFile: Sendable {
    let put: FilePut
    let folder: String
    let project: ProjectID
    /// The user who stores it.
    let userName: String
    let key: ObjectKey
    /// Id of the file.
    let id: String
    let createdOn: Date

    /// Returns the file to record for stored bytes of this length and checksum.
    func file(size: Int64, crc64: CRC64NVME) -> File {
        File(
            id: id,
            name: put.name,
            kind: .file,
            project: project,
            parent: folder,
            content: FileContent(key: key, size: size, crc64: crc64, md5: put.expected.md5.map { Hex.encode($0) }),
            createdOn: createdOn,
            tags: put.labels.tags,
            metadata: put.labels.metadata
        )
    }
}

/// A client's description of a file whose bytes it sends with the same request.
package struct FilePut: Sendable {
    /// The folder of the new file.
    package let folder: FolderReference
    /// Name of the new file, valid according to ``FileName``.
    package let name: String
    package let rule: NameConflictRule
    /// Labels that the file will have.
    package let labels: FileLabels
    /// Announced length in bytes; `nil` if unknown.
    package let length: Int64?
    /// Checksums that the client sent.
    package let expected: ExpectedChecksums

    package init(
        folder: FolderReference,
        name: String,
        rule: NameConflictRule = .fail,
        labels: FileLabels = FileLabels(),
        length: Int64?,
        expected: ExpectedChecksums = ExpectedChecksums()
    ) {
        self.folder = folder
        self.name = name
        self.rule = rule
        self.labels = labels
        self.length = length
        self.expected = expected
    }
}

/// The result of adding a file under a ``NameConflictRule``.
package enum AddedFile: Hashable, Sendable {
    /// The file was added. With ``NameConflictRule/rename``, its name may differ from the requested one.
    case added(File)
    /// The folder already had this file, which was kept.
    case skipped(File)

    package var file: File {
        switch self {
        case .added(let file), .skipped(let file): file
        }
    }
}
