import PontoonFoundation

/// A client's description of the archive that it sends in the body of the same request.
package struct ArchivePut: Sendable {
    /// The folder to which the paths in the archive are relative.
    package let folder: FolderReference
    /// The rule for files whose names are taken.
    package let rule: NameConflictRule

    package init(folder: FolderReference, rule: NameConflictRule) {
        self.folder = folder
        self.rule = rule
    }
}

/// The validated destination of an archive.
package struct ArchiveDestination: Sendable {
    package let folder: String
    package let project: ProjectID
    let rule: NameConflictRule
    let caller: Caller
}

/// The result of one entry of an archive.
package enum ArchiveResult: Sendable {
    /// The file is durable. `isNew` is `false` if an existing file was retained.
    case file(File, path: String, isNew: Bool)
    /// The folder is durable. `isNew` is `false` if it already existed.
    case folder(id: String, path: String, isNew: Bool)
    case refused(PontoonError, path: String)
}

/// Counts of an archive's entries that have been stored or refused so far.
package struct ArchiveSummary: Hashable, Sendable {
    /// Number of files, including existing files that were retained.
    package private(set) var files = 0
    package private(set) var folders = 0
    package private(set) var failed = 0
    /// Total length of the new files in bytes.
    package private(set) var bytes: Int64 = 0

    package init() {}

    /// Counts entries by result, and adds the lengths of the new files to ``bytes``.
    package mutating func count(_ results: [ArchiveResult]) {
        for result in results {
            switch result {
            case .file(let file, _, let isNew):
                files += 1
                if isNew { bytes = bytes.addingClamped(file.content?.size ?? 0) }
            case .folder: folders += 1
            case .refused: failed += 1
            }
        }
    }
}
