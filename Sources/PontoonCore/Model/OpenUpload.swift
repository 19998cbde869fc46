package import PontoonFoundation

/// An unfinished upload, as listed for operators.
package struct OpenUpload: Hashable, Sendable {
    package let summary: UploadSummary
    /// Time of the last activity: when the upload was initiated, its last part was stored or a client last worked on it
    /// (``UploadStore/keepAlive(_:now:reserving:)``), whichever is latest.
    package let activeOn: Date

    package init(summary: UploadSummary, activeOn: Date) {
        self.summary = summary
        self.activeOn = activeOn
    }
}

/// A filter for unfinished uploads.
///
/// An upload must satisfy every condition that is not `nil`.
package struct OpenUploadFilter: Hashable, Sendable {
    /// Name of the initiator.
    package var user: String?
    package var project: ProjectID?
    /// Selects the uploads whose last activity (``OpenUpload/activeOn``) was before this time.
    package var idleSince: Date?

    package init(user: String? = nil, project: ProjectID? = nil, idleSince: Date? = nil) {
        self.user = user
        self.project = project
        self.idleSince = idleSince
    }
}
