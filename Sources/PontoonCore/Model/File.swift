package import Foundation

/// A file or a folder of a project.
package struct File: Hashable, Sendable {
    /// What an entry is; the raw value is the API's word.
    package enum Kind: String, Sendable {
        case file, folder
    }

    /// 24 lower-case hex digits.
    package let id: String
    /// Unique in its folder; compared byte for byte.
    package var name: String
    /// Whether this is a file or a folder.
    package let kind: Kind
    /// The project it lies in.
    package let project: ProjectID
    /// Folder id of the folder it lies in; `nil` for a project's root folder.
    package var parent: String?
    /// The stored bytes; `nil` for a folder.
    package let content: FileContent?
    /// When it was created.
    package let createdOn: Date
    /// When a field last changed.
    package var modifiedOn: Date
    /// Labels, in the caller's order.
    package var tags: [String]
    /// Key to value, both compared byte for byte.
    package var metadata: [String: String]

    /// Joins the fields.
    package init(
        id: String,
        name: String,
        kind: Kind,
        project: ProjectID,
        parent: String?,
        content: FileContent?,
        createdOn: Date,
        modifiedOn: Date? = nil,
        tags: [String] = [],
        metadata: [String: String] = [:]
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.project = project
        self.parent = parent
        self.content = content
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn ?? createdOn
        self.tags = tags
        self.metadata = metadata
    }
}

/// The bytes behind a file.
package struct FileContent: Hashable, Sendable {
    /// Where the object store keeps them.
    package let key: ObjectKey
    /// Length in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` when the store could not tell.
    package let crc64: CRC64NVME?
    /// MD5, 32 lower-case hex digits; only when the client declared it and it was verified.
    package let md5: String?

    /// Joins the fields.
    package init(key: ObjectKey, size: Int64, crc64: CRC64NVME?, md5: String?) {
        self.key = key
        self.size = size
        self.crc64 = crc64
        self.md5 = md5
    }
}

/// Which files of a folder a list shows; an empty list of values filters nothing, `nil` likewise.
package struct FileFilter: Sendable {
    /// Any of these names; `nil` is any name, an empty array matches nothing.
    package var names: [String]?
    /// Any of these tags; `nil` is any.
    package var tags: [String]?
    /// For each key any of the values; all keys must match.
    package var metadata: [String: [String]] = [:]
    /// Matches nothing at all, for filters on things that Pontoon's files never have.
    package var matchesNothing = false

    /// Filters nothing until a field is set.
    package init() {}
}
