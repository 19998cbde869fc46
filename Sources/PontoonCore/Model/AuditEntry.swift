package import PontoonFoundation

/// One line of the audit log.
///
/// docs/monitoring.md describes the fields. No field may contain a token, a signature or a password.
package struct AuditEntry: Sendable {
    /// The outcome of an action.
    package enum Result: String, Sendable {
        case success
        /// Refused because of a client error (status 400 to 499), or because of the operator's input or settings.
        case refused
        /// Failed because of a server error (status 500 or higher), or because a command could not be completed.
        case failed
        /// A download whose bytes were not all sent.
        case incomplete
    }

    /// The object of an action.
    package struct Object: Sendable {
        /// The id of the object, such as a file or an upload; for a member, the project.
        package var id: String?
        /// The id of a second object, such as the copy of a file; for a member or a token, the user's name.
        package var target: String?
        package var name: String?
        package var project: String?
        /// The size of the file or the declared size of the upload, in bytes.
        ///
        /// For an archive put, the total size of the new files; for a download, the number of bytes sent to the client.
        /// `nil` for other actions, and for uploads without a declared size.
        package var bytes: Int64?
        /// The error code if the action was refused for this object; otherwise `nil`.
        package var refusal: PontoonError.Code?
        /// The action on this object, if it differs from the action of the entry.
        package var action: AuditAction?

        package init(
            id: String? = nil,
            target: String? = nil,
            name: String? = nil,
            project: String? = nil,
            bytes: Int64? = nil,
            refusal: PontoonError.Code? = nil,
            action: AuditAction? = nil
        ) {
            self.id = id
            self.target = target
            self.name = name
            self.project = project
            self.bytes = bytes
            self.refusal = refusal
            self.action = action
        }
    }

    /// The user, sender or operator who performed an action; all fields are `nil` if the server did.
    package struct Actor: Sendable {
        /// The user's name; for a sender, the name of the upload link's creator.
        package var user: String?
        /// The id of the user's token.
        package var token: String?
        /// The id of the upload link of a sender, who acts on behalf of the user.
        package var link: String?
        /// The id of the sender's session.
        package var session: String?
        /// The operating-system user who ran a `pontoond` command.
        package var `operator`: String?

        package init(
            user: String? = nil,
            token: String? = nil,
            link: String? = nil,
            session: String? = nil,
            operator: String? = nil
        ) {
            self.user = user
            self.token = token
            self.link = link
            self.session = session
            self.operator = `operator`
        }
    }

    package var time: Date
    package var action: AuditAction
    package var result: Result
    /// The HTTP status; `nil` if the action was not an HTTP request.
    package var status: Int?
    package var actor: Actor
    /// The client's address; `nil` if the action was not an HTTP request.
    package var address: String?
    /// The id of the request in the server's log; `nil` if the action was not an HTTP request.
    package var request: String?
    /// The id of the job that performed the action; `nil` if no job did.
    package var job: String?
    package var object: Object
    /// The number of similar entries before this one that were not recorded; `nil` for an entry of a kind that is
    /// always recorded.
    package var suppressed: Int?

    package init(
        time: Date,
        action: AuditAction,
        result: Result,
        status: Int? = nil,
        actor: Actor = Actor(),
        address: String? = nil,
        request: String? = nil,
        job: String? = nil,
        object: Object = Object(),
        suppressed: Int? = nil
    ) {
        self.time = time
        self.action = action
        self.result = result
        self.status = status
        self.actor = actor
        self.address = address
        self.request = request
        self.job = job
        self.object = object
        self.suppressed = suppressed
    }
}
