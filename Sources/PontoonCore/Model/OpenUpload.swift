package import PontoonFoundation

/// An unfinished upload as operators see it.
package struct OpenUpload: Hashable, Sendable {
    package let summary: UploadSummary
    /// Time at which the upload was initiated, a part was stored or a client's activity was recorded, whichever is
    /// latest.
    package let activeOn: Date

    package init(summary: UploadSummary, activeOn: Date) {
        self.summary = summary
        self.activeOn = activeOn
    }
}

/// The unfinished uploads to list or abort; every condition that is not `nil` must be satisfied.
package struct OpenUploadFilter: Hashable, Sendable {
    /// Name of the user who initiated the upload.
    package var user: String?
    package var project: ProjectID?
    /// The upload was last active before this time; see ``OpenUpload/activeOn``.
    package var idleSince: Date?

    package init(user: String? = nil, project: ProjectID? = nil, idleSince: Date? = nil) {
        self.user = user
        self.project = project
        self.idleSince = idleSince
    }
}
