import PontoonCore

extension AuditEntry.Object {
    /// Describes an upload, with its declared size and its project or automation.
    init(_ upload: Upload) {
        self.init(id: upload.id, name: upload.name, bytes: upload.size)
        switch upload.destination {
        case .folder(_, let project, _): self.project = project.description
        case .automation(let id): target = id
        }
    }

    /// Describes a file with its size, or a folder.
    init(_ file: File) {
        self.init(
            id: file.id,
            name: file.name,
            project: file.project.description,
            bytes: file.content?.size
        )
    }

    /// Describes a completed upload, with its file as the target.
    init(completed upload: String, _ file: File) {
        self.init(file)
        (id, target) = (upload, file.id)
    }

    /// Describes a file that was copied, with the copy's id as the target, and the copy's name, project and size.
    init(copied id: String, to copy: File) {
        self.init(copy)
        (self.id, target) = (id, copy.id)
    }

    /// Describes a member of a project: the project as the object, and the member as the target.
    init(member userName: String, of project: ProjectID) {
        self.init(id: project.description, target: userName)
    }

    /// Describes a webhook, without its URL, which may contain a secret.
    init(_ webhook: Webhook) { self.init(id: webhook.id, project: webhook.project?.description) }

    init(_ link: UploadLink) {
        self.init(id: link.id, name: link.details.name, project: link.project.description)
    }
}

extension APICall {
    /// Records an object on which the call acted, for the audit log.
    func note(_ object: AuditEntry.Object) { context.record.note(object) }
}
