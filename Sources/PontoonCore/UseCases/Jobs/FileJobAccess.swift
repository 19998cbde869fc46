/// The checks of a job's items, which run when the job is submitted and again when an item is processed.
struct FileJobAccess: Sendable {
    /// An item that has passed the checks.
    struct Checked: Sendable {
        let source: File
        /// The destination folder and its project; `nil` if the item is to be deleted.
        let destination: (folder: String, project: ProjectID)?
        /// The requested name at the destination, or the current name if none was requested.
        let name: String
    }

    /// The projects of a folder and of its destination.
    struct Projects: Sendable {
        let source: ProjectID
        /// Project of the destination; `nil` if the entries of the folder are to be deleted.
        let destination: ProjectID?
    }

    let metadata: any MetadataStore
    let access: Access

    init(_ metadata: any MetadataStore) {
        self.metadata = metadata
        access = Access(metadata: metadata)
    }

    /// Checks an item.
    ///
    /// - Parameters:
    ///   - item: The item.
    ///   - kind: The kind of the job.
    ///   - caller: Needs `copy` in the source's project for a copy and `write` otherwise, and `write` in the
    ///     destination's project.
    ///   - consistency: The required freshness of files and permissions.
    /// - Returns: The item with its source and destination.
    /// - Throws: `.jobItemNotFound` if the source or destination does not exist; `.jobForbidden` if the caller lacks a
    ///   permission or a project to change is locked; `.rootNotCopyable`, `.rootNotMovable` or `.folderDetailsFixed`
    ///   for a root folder; `.jobDestinationMissing`; `.jobDestinationNotFolder`; `.jobFileNameInvalid` or
    ///   `.jobFolderNameInvalid`; `.copyToOwnParent` or `.moveToOwnParent` if neither the folder nor the name would
    ///   change; `.copyIntoItself` or `.moveIntoItself`; `.limitReached` if the destination cannot contain another
    ///   folder because of its level.
    func check(
        _ item: FileJobItem,
        _ kind: FileJob.Kind,
        for caller: Caller,
        reading consistency: ReadConsistency = .latest
    ) async throws -> Checked {
        let source = try await access.file(
            item.file,
            for: caller,
            reading: consistency,
            needing: kind == .copy ? .copy : .write,
            missing: .jobItemNotFound,
            else: .jobForbidden
        )
        guard let parent = source.parent else { throw kind.rootRefusal }
        guard kind != .delete else { return Checked(source: source, destination: nil, name: source.name) }
        let name = item.name ?? source.name
        if let problem = FileName.problem(with: name, kind: source.kind) {
            throw PontoonError(source.kind == .file ? .jobFileNameInvalid : .jobFolderNameInvalid, problem)
        }
        let destination = try await destination(of: item, for: caller, reading: consistency)
        if destination.folder == parent, name == source.name {
            throw PontoonError(
                kind == .copy ? .copyToOwnParent : .moveToOwnParent,
                "'\(name)' is already in the destination folder; choose another name or destination."
            )
        }
        if source.kind == .folder, try await metadata.isFolder(destination.folder, inside: source.id) {
            throw PontoonError(
                kind == .copy ? .copyIntoItself : .moveIntoItself,
                "A folder cannot be copied or moved into itself or one of its subfolders."
            )
        }
        return Checked(source: source, destination: destination, name: name)
    }

    private func destination(
        of item: FileJobItem,
        for caller: Caller,
        reading consistency: ReadConsistency
    ) async throws -> (folder: String, project: ProjectID) {
        guard let place = item.destination else {
            throw PontoonError(.jobDestinationMissing, "Each item must have a 'project' or a 'parent'.")
        }
        do {
            return try await access.folder(
                place,
                for: caller,
                reading: consistency,
                needing: .write,
                missing: .jobItemNotFound,
                else: .jobForbidden
            )
        } catch let error as PontoonError {
            switch error.code {
            case .projectNotFound: throw PontoonError(.jobItemNotFound, error.message)
            case .parentNotFolder: throw PontoonError(.jobDestinationNotFolder, error.message)
            default: throw error
            }
        }
    }

    /// Checks that the entries of a folder may be copied or moved to the destination folder, or deleted.
    ///
    /// - Returns: The projects of the folder and of its destination.
    /// - Throws: `.fileNotFound` if one of the folders does not exist; `.jobForbidden` if the caller lacks a
    ///   permission.
    func check(_ folder: FileJobFolder, _ kind: FileJob.Kind, for caller: Caller) async throws -> Projects {
        let permission: Permission = kind == .copy ? .copy : .write
        let source = try await access.file(folder.source, for: caller, needing: permission, else: .jobForbidden)
        guard let id = folder.destination else { return Projects(source: source.project, destination: nil) }
        let destination = try await access.file(id, for: caller, needing: .write, else: .jobForbidden)
        return Projects(source: source.project, destination: destination.project)
    }

    /// Returns the user who submitted a job, with the rights of the token that was used.
    ///
    /// A token that has expired since then counts as valid.
    ///
    /// - Throws: `.notAuthenticated` if the user was disabled or removed, or the token was revoked.
    func caller(of job: FileJob) async throws -> Caller {
        if let user = try await metadata.user(named: job.userName), user.disabledOn == nil {
            guard let id = job.tokenID else { return Caller(user) }
            if let token = try await metadata.tokens(of: user.name).first(where: { $0.id == id }) {
                return Caller(user, token: token)
            }
        }
        throw PontoonError(
            .notAuthenticated,
            "The user who submitted the job was disabled or removed, or the token was revoked."
        )
    }
}

extension FileJob.Kind {
    fileprivate var rootRefusal: PontoonError {
        switch self {
        case .copy: PontoonError(.rootNotCopyable, "The root folder of a project cannot be copied.")
        case .move: PontoonError(.rootNotMovable, "The root folder of a project cannot be moved.")
        case .delete: PontoonError(.folderDetailsFixed, "The root folder of a project cannot be deleted.")
        }
    }
}
