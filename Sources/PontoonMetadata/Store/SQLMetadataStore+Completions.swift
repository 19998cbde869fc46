import Foundation
package import PontoonCore

/// The transactions that complete uploads.
extension SQLMetadataStore {
    package func completeUpload(
        _ id: String,
        leaseID: String,
        as file: CompletedFile
    ) async throws -> CompletedFile? {
        switch file {
        case .file(let file, let rule):
            try await complete(id, leaseID: leaseID, file: file, rule).map { .file($0, rule: rule) }
        case .package(let packageFile):
            try await complete(id, leaseID: leaseID, packageFile: packageFile) ? file : nil
        }
    }

    private func complete(_ id: String, leaseID: String, file: File, _ rule: NameConflictRule) async throws -> File? {
        let (now, defaults, recorder) = (now, defaultQuotas, recorder)
        return try await writeRetryingConflicts(changing: .upload(id)) { connection in
            // The project is locked, so that it is not deleted in the meantime. Deleting a project also deletes its
            // uploads, so if the project does not exist, neither does the upload.
            let project = try connection.query(selectProjectOfUpload, [id], lock: .forShare("projects"))
            guard let project = project.first, let folder = file.parent else { return nil }
            let link = try project.optionalText("link_id")
            var account = try project.usageAccount(defaults)
            account.setCaller(try project.text("user_name"), isSender: link != nil)
            if let link { try connection.enqueue(lockLink, [link], lock: .forUpdate("upload_links")) }
            let kept = rule == .skip ? try connection.file(named: file.name, in: folder) : nil
            if let kept, rule.refuses(kept.kind) { throw PontoonError.folderInTheWay }
            let fileID = kept?.id ?? file.id
            guard let completed = try connection.query(markCompleted, [fileID, file.createdOn, id, leaseID]).first
            else { return nil }
            let userName = try completed.text("user_name")
            try connection.add(openUploads: [userName: -1])
            try connection.enqueue(deleteParts, [id])
            var usage = Usage(reservedBytes: try completed.integer("reserved_bytes").negatedClamped, openUploads: -1)
            let details: [String: JSONValue?] = ["file": .string(fileID), "link": link.map { .string($0) }]
            let completion = { (name: String) in
                NewEvent.upload(.uploadCompleted, id, name: name, by: userName, to: file.project, details)
            }
            // Without a calling user, the initiator is recorded, or nobody for an upload through a link.
            let actor = recorder.actor ?? (link == nil ? userName : nil)
            if let kept {
                try connection.discardUploadObject(completed, unless: nil, now: now)
                if let content = file.content { try connection.discard(content.key.rawValue, nil, now: now) }
                try connection.add(usage, to: account)
                try recorder.record([completion(kept.name)], by: actor, on: connection)
                return kept
            }
            var (file, events) = (file, [NewEvent]())
            if let link { try connection.count(bytes: file.content?.size ?? 0, receivedThrough: link) }
            try connection.discardUploadObject(completed, unless: file.content?.key, now: now)
            usage += Usage(storedBytes: file.content?.size ?? 0, files: 1)
            usage += try connection.makeRoom(for: &file, in: folder, rule, now: now, &events).negated
            if let content = file.content { try connection.insert(content, createdOn: file.createdOn) }
            try connection.insert(file)
            try connection.add(usage, to: account)
            // The event of a replaced file precedes the creation of the new file.
            events = [completion(file.name)] + events + [.file(.created, file, ["upload": .string(id)])]
            try recorder.record(events, by: actor, on: connection)
            return file
        }
    }

    private func complete(_ id: String, leaseID: String, packageFile file: PackageFile) async throws -> Bool {
        let (now, recorder) = (now, recorder)
        return try await write(changing: .upload(id)) { connection in
            let rows = try connection.query(markCompleted, [file.id, file.createdOn, id, leaseID])
            guard let completed = rows.first else { return false }
            try connection.discardUploadObject(completed, unless: file.content.key, now: now)
            try connection.insert(file.content, createdOn: file.createdOn)
            try connection.insert(file)
            try connection.enqueue(deleteParts, [id])
            let userName = try completed.text("user_name")
            let details: [String: JSONValue?] = ["automation": .string(file.automation), "file": .string(file.id)]
            let event = NewEvent.upload(.uploadCompleted, id, name: file.name, by: userName, to: nil, details)
            try recorder.record([event], by: userName, on: connection)
            return true
        }
    }
}

extension SQLConnection {
    /// Discards the object of a completed upload, unless the file uses it.
    ///
    /// - Parameters:
    ///   - completed: The row that `markCompleted` returned.
    ///   - used: Key of the file's object; `nil` if the upload created no file.
    ///   - now: The current time.
    /// - Throws: ``SQLError``; ``SQLRowError``.
    fileprivate func discardUploadObject(_ completed: SQLRow, unless used: ObjectKey?, now: Date) throws {
        guard try completed.objectKey("object_key") != used else { return }
        try discard(try completed.text("object_key"), try completed.optionalText("object_handle"), now: now)
    }
}

private let selectProjectOfUpload = SQLStatement(
    constant: """
        SELECT \(accountColumns), uploads.link_id AS link_id, uploads.user_name AS user_name FROM uploads
        JOIN projects ON projects.id = uploads.project_id \(accountQuotas) WHERE uploads.id = $1
        """
)
private let markCompleted: SQLStatement = """
    UPDATE uploads SET state = 'completed', file_id = $1, completed_on = $2, labels = NULL
    WHERE id = $3 AND state = 'completing' AND claim_holder = $4
    RETURNING user_name, object_key, object_handle, reserved_bytes
    """
private let deleteParts: SQLStatement = "DELETE FROM parts WHERE upload_id = $1"
