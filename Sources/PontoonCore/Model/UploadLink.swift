package import PontoonFoundation

/// A link through which people without an account upload files to a folder.
package struct UploadLink: Hashable, Sendable {
    /// 24 lower-case hex digits, not secret.
    package let id: String
    package let project: ProjectID
    /// Id of the folder in which the server creates a folder for each sender.
    package let folder: String
    /// The member on whose behalf senders upload; the link works only while this member is enabled and may write to the
    /// project.
    package let createdBy: String
    package let createdOn: Date
    package var details: UploadLinkDetails

    package init(
        id: String,
        project: ProjectID,
        folder: String,
        createdBy: String,
        createdOn: Date,
        details: UploadLinkDetails
    ) {
        self.id = id
        self.project = project
        self.folder = folder
        self.createdBy = createdBy
        self.createdOn = createdOn
        self.details = details
    }
}

/// The properties of an upload link that members can change.
package struct UploadLinkDetails: Hashable, Sendable {
    package var name: String
    /// Text for senders; may be empty.
    package var note: String
    package var expiresOn: Date
    /// The hash of the password; `nil` if senders need none.
    package var passwordHash: Secret?
    package var limits: UploadLinkLimits

    package init(
        name: String,
        note: String,
        expiresOn: Date,
        passwordHash: Secret? = nil,
        limits: UploadLinkLimits = UploadLinkLimits()
    ) {
        self.name = name
        self.note = note
        self.expiresOn = expiresOn
        self.passwordHash = passwordHash
        self.limits = limits
    }
}

/// Limits on the files uploaded by all senders of an upload link together; `nil` means no limit.
package struct UploadLinkLimits: Hashable, Sendable {
    /// Maximum number of files.
    package var files: Int64?
    /// Maximum total size of the files in bytes.
    package var bytes: Int64?

    package init(files: Int64? = nil, bytes: Int64? = nil) {
        self.files = files
        self.bytes = bytes
    }
}

/// The number and total size of the files and unfinished uploads of an upload link.
package struct UploadLinkUsage: Hashable, Sendable {
    /// Number of files that senders have uploaded, including those that were deleted later.
    package var files: Int64
    /// Total size in bytes of the files that senders have uploaded; not reduced if a file is deleted later.
    package var bytes: Int64
    /// Number of unfinished uploads.
    package var openUploads: Int64
    /// Total declared size of the unfinished uploads in bytes.
    package var openBytes: Int64
    /// Number of senders who are signed in, including idle ones until maintenance deletes their sessions.
    package var senders: Int64

    package init(files: Int64 = 0, bytes: Int64 = 0, openUploads: Int64 = 0, openBytes: Int64 = 0, senders: Int64 = 0) {
        self.files = files
        self.bytes = bytes
        self.openUploads = openUploads
        self.openBytes = openBytes
        self.senders = senders
    }
}

/// An upload link as the API shows it to members.
package struct UploadLinkSummary: Hashable, Sendable {
    package let link: UploadLink
    package let usage: UploadLinkUsage
    /// Whether the link's creator is enabled and may write to the project, and the link's folder still exists; says
    /// nothing about expiry and limits.
    package let isUsable: Bool

    package init(link: UploadLink, usage: UploadLinkUsage, isUsable: Bool) {
        self.link = link
        self.usage = usage
        self.isUsable = isUsable
    }

    /// Whether a link accepts uploads, and if not, why.
    ///
    /// The raw value is the name of the state in the API.
    package enum State: String, Sendable {
        case active, disabled, expired, full
    }

    /// Returns the state of the link.
    ///
    /// If several states apply, `disabled` takes precedence over `expired`, and `expired` over `full`.
    package func state(now: Date) -> State {
        if !isUsable { return .disabled }
        if link.details.expiresOn <= now { return .expired }
        let left = UploadLinkRules.left(of: link.details.limits, usage)
        return left.files == 0 || left.bytes == 0 ? .full : .active
    }
}

/// A sender who is signed in with an upload link.
package struct SenderSession: Hashable, Sendable {
    /// Id of the session, recorded with the uploads started in it: 24 lower-case hex digits, not secret.
    package let id: String
    package let link: UploadLink
    /// Name that the sender entered; `nil` if the sender entered none.
    package let sender: String?
    package let createdOn: Date
    /// Time of the sender's last call; updated at most once an hour, so it may be up to an hour too early.
    package let usedOn: Date

    package init(id: String, link: UploadLink, sender: String?, createdOn: Date, usedOn: Date) {
        self.id = id
        self.link = link
        self.sender = sender
        self.createdOn = createdOn
        self.usedOn = usedOn
    }

    /// The link's creator, on whose behalf the sender uploads.
    ///
    /// Only `name` describes the account; `createdOn` is the time at which the link was created.
    package var user: User { User(name: link.createdBy, createdOn: link.createdOn) }

    /// Returns the labels that a sender requested, with the names of the link and the sender added to the metadata.
    ///
    /// Replaces any requested values of these two keys. If the sender entered no name, removes the sender's key.
    package func labels(of wanted: FileLabels) -> FileLabels {
        var labels = wanted
        labels.metadata[UploadLinkRules.MetadataKey.link] = link.details.name
        labels.metadata[UploadLinkRules.MetadataKey.sender] = sender
        return labels
    }
}
