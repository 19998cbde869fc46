extension Files {
    /// Copies a file; the copy shares the original's object.
    ///
    /// - Parameters:
    ///   - id: Id of the original.
    ///   - place: The destination, in any project.
    ///   - name: Name of the copy; `nil` keeps the original's name.
    ///   - caller: Needs `copy` in the original's project and `write` in the destination's project.
    /// - Returns: The copy.
    /// - Throws: `.fileNotFound`, `.projectNotFound` or `.destinationNotFound` if the original or the destination does
    ///   not exist; `.copyForbidden` if the caller lacks a permission or the destination's project is locked;
    ///   `.folderNotCopyable` if the original is a folder; `.parentNotFolder` if the destination is a file;
    ///   `.fileNameInvalid`; `.fileExists` if the name is taken; `.quotaExceeded`.
    package func copy(
        _ id: String,
        to place: FolderReference,
        name: String?,
        caller: Caller
    ) async throws -> File {
        try await checkCopyable(id, caller: caller)
        if let name { try Self.check(name: name) }
        let (folder, project) = try await copyDestination(place, caller: caller)
        return try await copy(id, to: folder, of: project, name: name, conflictPolicy: .refuse)
    }

    /// Copies files to a project's root folder.
    ///
    /// Each copy succeeds or fails independently of the others. If a name is taken, the copy is named `1_{name}`,
    /// `2_{name}` and so on.
    ///
    /// - Parameters:
    ///   - ids: Ids of the originals, at most ``FieldRules/maximumCopies``; repeated ids are copied once.
    ///   - project: The destination.
    ///   - caller: Needs the same permissions as for ``copy(_:to:name:caller:)``.
    /// - Returns: The copy or the refusal, by the original's id.
    /// - Throws: `.badRequest` if there are too many originals; `.projectNotFound` if the destination does not exist;
    ///   `.copyForbidden` if the caller lacks the permission `write` or the project is locked.
    package func copy(
        all ids: [String],
        to project: ProjectID,
        caller: Caller
    ) async throws -> [String: Result<File, PontoonError>] {
        guard ids.count <= FieldRules.maximumCopies else {
            throw PontoonError(
                .badRequest,
                "The request names \(ids.count) files; copy at most \(FieldRules.maximumCopies) with one request."
            )
        }
        let (folder, destination) = try await copyDestination(.project(project), caller: caller)
        var results: [String: Result<File, PontoonError>] = [:]
        // Copied one after another, so that copies with equal names are numbered in the caller's order.
        for id in ids where results[id] == nil {
            do {
                try await checkCopyable(id, caller: caller)
                results[id] = .success(
                    try await copy(id, to: folder, of: destination, name: nil, conflictPolicy: .number)
                )
            } catch let error as PontoonError {
                results[id] = .failure(error)
            }
        }
        return results
    }

    /// Moves a file, or a folder with its contents, within its project.
    ///
    /// - Parameters:
    ///   - id: Id of the file or folder, which does not change.
    ///   - folder: Id of the destination folder, which may be the project's root folder.
    ///   - name: New name; `nil` keeps the current one.
    ///   - caller: Needs `write` in the project.
    /// - Returns: The file or folder after the move.
    /// - Throws: `.fileNotFound`; `.moveForbidden` if the caller lacks the permission or the project is locked;
    ///   `.folderDetailsFixed` for a root folder; `.fileNameInvalid`; `.destinationNotFound`; `.parentNotFolder` if the
    ///   destination is a file; `.moveAcrossProjects` if the destination belongs to another project; `.folderCycle` if
    ///   the destination is the moved folder or inside it; `.fileExists` if the name is taken; `.limitReached` if the
    ///   level of a moved folder would exceed ``FolderRules/maximumLevel``.
    package func move(_ id: String, to folder: String, name: String?, caller: Caller) async throws -> File {
        let file = try await access.file(id, for: caller, needing: .write, else: .moveForbidden)
        guard file.parent != nil else {
            throw PontoonError(.folderDetailsFixed, "The root folder of a project cannot be moved.")
        }
        if let name { try Self.check(name: name, kind: file.kind) }
        let destination = try await access.file(
            folder,
            for: caller,
            missing: .destinationNotFound,
            else: .moveForbidden
        )
        guard destination.kind == .folder else { throw PontoonError(.parentNotFolder, "'\(folder)' is not a folder.") }
        guard destination.project == file.project else {
            throw PontoonError(
                .moveAcrossProjects,
                "A file or folder can be moved only within its project, \(file.project)."
            )
        }
        return try Self.found(try await metadata.moveFile(id, to: folder, name: name, now: now()))
    }

    private func checkCopyable(_ id: String, caller: Caller) async throws {
        let file = try await access.file(id, for: caller, needing: .copy, else: .copyForbidden)
        guard file.kind == .file else { throw PontoonError(.folderNotCopyable, "A folder cannot be copied.") }
    }

    private func copyDestination(
        _ place: FolderReference,
        caller: Caller
    ) async throws -> (folder: String, project: ProjectID) {
        try await access.folder(
            place,
            for: caller,
            needing: .write,
            missing: .destinationNotFound,
            else: .copyForbidden
        )
    }

    private func copy(
        _ id: String,
        to folder: String,
        of project: ProjectID,
        name: String?,
        conflictPolicy: FileCopy.ConflictPolicy
    ) async throws -> File {
        let copy = FileCopy(
            id: Identifiers.file(now: now()),
            project: project,
            parent: folder,
            name: name,
            conflictPolicy: conflictPolicy,
            createdOn: now()
        )
        return try Self.found(try await metadata.copyFile(id, as: copy))
    }
}
