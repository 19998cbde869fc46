/// A client's description of the file that it is about to upload.
package struct DeclaredContent: Hashable, Sendable {
    /// Name of the new file, valid according to ``FileName``.
    package let name: String
    /// Length in bytes, 0 to ``PartSizing/maximumFileSize``; `nil` if unknown.
    package let size: Int64?
    /// Requested part size in bytes; not validated, because ``PartSizing`` replaces a value that it cannot use.
    package let requestedPartSize: Int64?
    /// MD5 of the file, 32 lower-case hex digits; `nil` if the client declared none.
    package let md5: String?
    /// Labels that the file will have.
    package var labels: FileLabels

    package init(
        name: String,
        size: Int64?,
        requestedPartSize: Int64? = nil,
        md5: String? = nil,
        labels: FileLabels = FileLabels()
    ) {
        self.name = name
        self.size = size
        self.requestedPartSize = requestedPartSize
        self.md5 = md5
        self.labels = labels
    }
}
