import PontoonCore

extension AuditEntry.Object {
    /// An upload, with its declared size.
    init(_ upload: Upload) {
        self.init(id: upload.id, name: upload.name, bytes: upload.size)
        switch upload.destination {
        case .folder(_, let project, _): self.project = project.description
        case .automation(let id): target = id
        }
    }

    /// A file or folder; for a folder, the size is unknown.
    init(_ file: File) {
        self.init(
            id: file.id,
            name: file.name,
            project: file.project.description,
            bytes: file.content?.size
        )
    }

    /// An upload that became a file.
    init(completed upload: String, _ file: File) {
        self.init(file)
        (id, target) = (upload, file.id)
    }

    /// A file that was copied.
    init(copied id: String, to copy: File) {
        self.init(copy)
        (self.id, target) = (id, copy.id)
    }

    /// A member of a project.
    init(member userName: String, of project: ProjectID) {
        self.init(id: project.description, target: userName)
    }

    /// A webhook, without its URL, which may contain a secret.
    init(_ webhook: Webhook) { self.init(id: webhook.id, project: webhook.project?.description) }

    init(_ link: UploadLink) {
        self.init(id: link.id, name: link.details.name, project: link.project.description)
    }
}

extension APICall {
    /// Records an object of the call's action for the audit log.
    func note(_ object: AuditEntry.Object) { context.record.note(object) }
}
