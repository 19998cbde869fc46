/// The events of files, folders, uploads, projects, members and upload links.
extension NewEvent {
    /// A change to a file or folder.
    package enum FileAction: Sendable {
        case created, changed, moved, deleted
    }

    /// Creates the event for a change to a file or folder.
    ///
    /// `file` is the file or folder after the change, or before its deletion. `details` are added to the data of the
    /// event, except those that are `nil`.
    package static func file(
        _ action: FileAction,
        _ file: File,
        _ details: [String: JSONValue?] = [:]
    ) -> NewEvent {
        var data = details.compactMapValues(\.self)
        if let content = file.content {
            data["size"] = .integer(content.size)
            data["crc64nvme"] = content.crc64.map { .string($0.hex) }
            data["md5"] = content.md5.map { .string($0) }
        }
        return .file(action, file.kind, id: file.id, name: file.name, in: file.parent, of: file.project, data)
    }

    /// Creates the event for a change to a file or folder, without the size and checksums of a file.
    ///
    /// `details` are added to the data of the event, except those that are `nil`.
    package static func file(
        _ action: FileAction,
        _ kind: File.Kind,
        id: String,
        name: String,
        in parent: String?,
        of project: ProjectID,
        _ details: [String: JSONValue?] = [:]
    ) -> NewEvent {
        var data = details.compactMapValues(\.self)
        data["id"] = .string(id)
        data["name"] = .string(name)
        data["parent"] = parent.map { .string($0) }
        return NewEvent(eventType(action, kind), project: project, subject: "files/\(id)", data: data)
    }

    private static func eventType(_ action: FileAction, _ kind: File.Kind) -> EventType {
        switch (kind, action) {
        case (.file, .created): .fileCreated
        case (.file, .changed): .fileChanged
        case (.file, .moved): .fileMoved
        case (.file, .deleted): .fileDeleted
        case (.folder, .created): .folderCreated
        case (.folder, .changed): .folderChanged
        case (.folder, .moved): .folderMoved
        case (.folder, .deleted): .folderDeleted
        }
    }

    /// Creates the event for a file whose stored bytes were found to be damaged or missing.
    package static func damaged(
        _ damage: ContentDamage,
        fileID id: String,
        name: String,
        in parent: String?,
        of project: ProjectID
    ) -> NewEvent {
        var data: [String: JSONValue] = ["damage": .string(damage.rawValue), "id": .string(id), "name": .string(name)]
        data["parent"] = parent.map { .string($0) }
        return NewEvent(.fileDamaged, project: project, subject: "files/\(id)", data: data)
    }

    /// Creates the event for an upload that was completed, was aborted or has expired.
    ///
    /// `userName` is the initiator. `project` is `nil` for an upload of a code package, whose event only the initiator
    /// may read. `details` are added to the data of the event, except those that are `nil`.
    package static func upload(
        _ type: EventType,
        _ id: String,
        name: String,
        by userName: String,
        to project: ProjectID?,
        _ details: [String: JSONValue?] = [:]
    ) -> NewEvent {
        var data = details.compactMapValues(\.self)
        data["id"] = .string(id)
        data["name"] = .string(name)
        data["user"] = .string(userName)
        return NewEvent(
            type,
            project: project,
            subject: project == nil ? "automation/upload/\(id)" : "upload/multipart/\(id)",
            reader: project == nil ? userName : nil,
            data: data
        )
    }

    /// Creates the event for the creation, change or deletion of a project.
    ///
    /// `reader` is a user who may read the event without being a member, such as the owner of a deleted project.
    package static func project(
        _ type: EventType,
        _ id: ProjectID,
        reader: String? = nil,
        _ details: [String: JSONValue?] = [:]
    ) -> NewEvent {
        var data = details.compactMapValues(\.self)
        data["id"] = .string(id.description)
        return NewEvent(type, project: id, subject: "projects/\(id)", reader: reader, data: data)
    }

    /// Creates the event for a member who was added, changed or removed.
    ///
    /// `permissions` are the permissions after the change; `nil` omits them. A removed member may read the event of the
    /// removal.
    package static func member(
        _ type: EventType,
        _ userName: String,
        of project: ProjectID,
        _ permissions: Permissions? = nil
    ) -> NewEvent {
        var data: [String: JSONValue] = ["user": .string(userName)]
        if let permissions {
            let held = Permission.allCases.filter { permissions.allows($0) }
            data["permissions"] = .array(held.map { .string($0.rawValue) })
        }
        return NewEvent(
            type,
            project: project,
            subject: "projects/\(project)/members/\(userName)",
            reader: type == .memberRemoved ? userName : nil,
            data: data
        )
    }

    /// Creates the event for a sender who signed in with an upload link.
    package static func linkUsed(_ session: SenderSession) -> NewEvent {
        var data: [String: JSONValue] = ["id": .string(session.link.id), "session": .string(session.id)]
        data["name"] = .string(session.link.details.name)
        data["sender"] = session.sender.map { .string($0) }
        return NewEvent(
            .linkUsed,
            project: session.link.project,
            subject: "upload_links/\(session.link.id)",
            data: data
        )
    }
}
