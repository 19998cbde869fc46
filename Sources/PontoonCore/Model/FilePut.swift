import PontoonFoundation

/// The result of checking a ``FilePut``.
package enum CheckedFilePut: Sendable {
    /// The file can be stored.
    case new(NewFile)
    /// The folder already has a file with this name, and the conflict rule is ``NameConflictRule/skip``.
    case existing(File)

    package var project: ProjectID {
        switch self {
        case .new(let file): file.project
        case .existing(let file): file.project
        }
    }
}

/// A new file whose destination has been checked, with the key and id under which it will be stored.
package struct NewFile: Sendable {
    let put: FilePut
    let folder: String
    let project: ProjectID
    /// Name of the user who stores the file.
    let userName: String
    let key: ObjectKey
    let id: String
    let createdOn: Date

    /// Returns the file to record once its bytes are stored.
    ///
    /// `size` and `crc64` describe the stored bytes. The MD5 is recorded only if the client sent one, which the caller
    /// must have compared with the bytes.
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

/// The properties of a file that a client sends in one call or in an archive, without an upload.
package struct FilePut: Sendable {
    /// The folder in which the file is created.
    package let folder: FolderReference
    /// Name of the new file, valid according to ``FileName``.
    package let name: String
    package let rule: NameConflictRule
    package let labels: FileLabels
    /// Announced length in bytes; `nil` if the client did not announce it.
    package let length: Int64?
    /// Checksums that the client sent, to be compared with those of the received bytes.
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
    /// The folder already had a file with this name, which ``NameConflictRule/skip`` keeps. The new file was not added.
    case skipped(File)

    package var file: File {
        switch self {
        case .added(let file), .skipped(let file): file
        }
    }
}
