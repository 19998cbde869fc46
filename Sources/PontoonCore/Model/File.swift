package import PontoonFoundation

/// A file or a folder of a project.
package struct File: Hashable, Sendable {
    /// The kind of an entry; the raw value is its name in the API.
    package enum Kind: String, Sendable {
        case file, folder
    }

    /// 24 lower-case hex digits.
    package let id: String
    /// Unique in its folder, compared byte for byte.
    package var name: String
    package let kind: Kind
    package let project: ProjectID
    /// Id of the parent folder; `nil` for a project's root folder.
    package var parent: String?
    /// The stored bytes; `nil` for a folder.
    package internal(set) var content: FileContent?
    package let createdOn: Date
    package var modifiedOn: Date
    /// Tags, in the order in which the client sent them.
    package var tags: [String]
    /// Custom metadata; keys that differ only in Unicode normalization are the same key.
    package var metadata: [String: String]

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

/// The stored bytes of a file.
package struct FileContent: Hashable, Sendable {
    package let key: ObjectKey
    /// Length in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` if it is unknown, because the bucket provides none and no scrub has computed it.
    package let crc64: CRC64NVME?
    /// MD5 of the file, 32 lower-case hex digits, verified by the server; `nil` if the client declared none.
    package let md5: String?
    /// Results of checks of the bytes.
    package internal(set) var verification: ContentVerification

    package init(
        key: ObjectKey,
        size: Int64,
        crc64: CRC64NVME?,
        md5: String?,
        verification: ContentVerification = ContentVerification()
    ) {
        self.key = key
        self.size = size
        self.crc64 = crc64
        self.md5 = md5
        self.verification = verification
    }
}

/// A filter for the entries of a folder; an entry must satisfy every condition.
package struct FileFilter: Sendable {
    /// Matches any of these names; `nil` matches every name, an empty array none.
    package var names: [String]?
    /// Matches entries with any of these tags; `nil` or an empty array matches all entries.
    package var tags: [String]?
    /// Matches entries that have, for each of these keys, one of the listed values; keys without values are ignored.
    package var metadata: [String: [String]] = [:]
    /// Whether the filter matches nothing, because it selects by a property that no file in Pontoon has.
    package var matchesNothing = false

    /// Creates a filter that matches every entry.
    package init() {}
}
