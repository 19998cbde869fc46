/// Lookup of projects, files and automations for a caller, with permission checks.
///
/// A project that the caller may not read, or that the caller's token does not include, is reported as missing, as are
/// its files. A caller who may read the project but lacks the permission for the request is refused, with a code that
/// depends on the API call. In a locked project, requests that need `write` are refused with the same code, whatever
/// the caller's permissions, unless `evenIfLocked` is true.
package struct Access: Sendable {
    private let metadata: any ProjectStore & FileStore & AutomationStore

    package init(metadata: any ProjectStore & FileStore & AutomationStore) { self.metadata = metadata }

    /// Finds a project.
    ///
    /// - Throws: `.projectNotFound` if the project does not exist, the caller may not read it, or the caller's token
    ///   does not include it; `refusal` if the caller may read the project but lacks `permission`, or if
    ///   `permission` is `write`, the project is locked and `evenIfLocked` is false.
    package func project(
        _ id: ProjectID,
        for caller: Caller,
        reading consistency: ReadConsistency = .latest,
        needing permission: Permission = .read,
        evenIfLocked: Bool = false,
        else refusal: PontoonError.Code = .projectForbidden
    ) async throws -> AccessibleProject {
        guard caller.rights.includes(id),
            let project = try await metadata.project(id, for: caller.name, reading: consistency)
        else {
            throw PontoonError.projectNotFound
        }
        guard project.permissions.allows(permission) else {
            throw PontoonError(refusal, "You need the '\(permission.rawValue)' permission in project \(id).")
        }
        if permission == .write, project.project.isLocked, !evenIfLocked {
            throw PontoonError.projectLocked(id, refusal)
        }
        return project
    }

    /// Finds a file or folder.
    ///
    /// - Throws: `missing` if the file does not exist, the caller may not read its project, or the caller's token does
    ///   not include this project; `refusal` if the caller may read the project but lacks `permission`, or if
    ///   `permission` is `write` and the project is locked.
    package func file(
        _ id: String,
        for caller: Caller,
        reading consistency: ReadConsistency = .latest,
        needing permission: Permission = .read,
        missing: PontoonError.Code = .fileNotFound,
        else refusal: PontoonError.Code = .fileForbidden
    ) async throws -> File {
        guard let file = try await metadata.file(id, reading: consistency), caller.rights.includes(file.project),
            let project = try await metadata.project(file.project, for: caller.name, reading: consistency)
        else {
            throw PontoonError(missing, PontoonError.fileNotFound.message)
        }
        guard project.permissions.allows(permission) else {
            throw PontoonError(refusal, "You need the '\(permission.rawValue)' permission in project \(file.project).")
        }
        if permission == .write, project.project.isLocked { throw PontoonError.projectLocked(file.project, refusal) }
        return file
    }

    /// Finds a folder by its id, or the root folder of a project by the project's id.
    ///
    /// - Throws: The errors of ``file(_:for:reading:needing:missing:else:)`` or
    ///   ``project(_:for:reading:needing:evenIfLocked:else:)``; `.parentNotFolder` if the id belongs to a file.
    package func folder(
        _ reference: FolderReference,
        for caller: Caller,
        reading consistency: ReadConsistency = .latest,
        needing permission: Permission,
        missing: PontoonError.Code,
        else refusal: PontoonError.Code
    ) async throws -> (folder: String, project: ProjectID) {
        switch reference {
        case .project(let id):
            let project = try await project(id, for: caller, reading: consistency, needing: permission, else: refusal)
                .project
            return (project.rootFolder, project.id)
        case .folder(let id):
            let folder = try await file(
                id,
                for: caller,
                reading: consistency,
                needing: permission,
                missing: missing,
                else: refusal
            )
            guard folder.kind == .folder else { throw PontoonError(.parentNotFolder, "'\(id)' is not a folder.") }
            return (folder.id, folder.project)
        }
    }

    /// Finds one of the caller's automations.
    ///
    /// - Throws: `.automationNotFound` if the automation does not exist or belongs to another user, or if the caller's
    ///   token is limited to projects.
    package func automation(_ id: String, for caller: Caller) async throws -> Automation {
        guard !caller.isLimited, let automation = try await metadata.automation(id),
            automation.owner == caller.name
        else {
            throw PontoonError.automationNotFound
        }
        return automation
    }

    /// Checks that the caller may create an object of a kind that belongs to its creator.
    ///
    /// `things` names the kind in the error message, in the plural.
    ///
    /// - Throws: `.forbidden` if the caller's token is limited to projects, or the caller is a service user.
    package func checkMayOwn(_ things: String, caller: Caller) throws(PontoonError) {
        guard !caller.isLimited else {
            throw PontoonError(.forbidden, "A token that is limited to projects cannot create \(things).")
        }
        guard !caller.user.isService else {
            throw PontoonError(.forbidden, "A service user cannot create \(things).")
        }
    }
}
