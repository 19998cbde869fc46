import PontoonFoundation

/// The work of one server on a job while it holds the lease.
///
/// Each call of ``advance()`` performs one step, so the work can be continued by another server after any of them.
/// Permissions are checked for each item, and for at most ``entriesPerCheck`` entries of a folder at a time.
struct FileJobRun {
    /// Maximum number of entries that are counted with one step.
    private static let countedEntries = 1000
    private static let entriesPerCheck = 100

    let job: FileJob
    private let leaseID: String
    private let leases: LeaseRenewer
    private let metadata: any MetadataStore
    private let access: FileJobAccess
    private let reports: FileJobReports
    private var progress: FileJobProgress
    /// The current folder; `nil` if it has not been read since it changed.
    private var folder: FileJobFolder?
    /// The next entries of the current folder, whose permissions have been checked.
    private var entries: ArraySlice<FolderEntry> = []
    /// The projects of ``entries`` or of the item, and of their destination.
    private var projects: FileJobAccess.Projects?

    init(
        _ job: FileJob,
        leaseID: String,
        leases: LeaseRenewer,
        metadata: any MetadataStore,
        reports: FileJobReports
    ) {
        self.job = job
        self.leaseID = leaseID
        self.leases = leases
        self.metadata = metadata
        access = FileJobAccess(metadata)
        self.reports = reports
        progress = job.progress
    }

    /// Performs the next step.
    ///
    /// - Returns: `false` if the job is finished, or the lease was lost.
    /// - Throws: An error if the store is unavailable or full; the step can then be repeated.
    mutating func advance() async throws -> Bool {
        switch progress.state {
        case .submitted:
            var step = FileJobStep(at: progress)
            step.progress.state = .resolving
            return try await perform(step)
        case .resolving: return try await progress.depth == 0 ? countItems() : countEntries()
        case .running: return try await progress.depth == 0 ? startItem() : continueFolder()
        case .finished: return false
        }
    }

    // MARK: Counting

    /// Counts the items up to the next folder, which it enters.
    private mutating func countItems() async throws -> Bool {
        var step = FileJobStep(at: progress)
        let items = try await metadata.items(ofFileJob: job.id, from: progress.item, limit: Self.entriesPerCheck)
        if items.isEmpty { (step.progress.state, step.progress.item) = (.running, 0) }
        for item in items {
            if let file = try await metadata.file(item.file), file.kind == .folder {
                step.enter(file.id)
                break
            }
            step.progress.totalFiles += 1
            step.progress.item += 1
        }
        return try await perform(step)
    }

    /// Counts the files in the current folder up to the next folder in it, which it enters.
    private mutating func countEntries() async throws -> Bool {
        let folder = try await currentFolder()
        let page = try await metadata.entries(in: folder.source, after: folder.after, limit: Self.countedEntries)
        var step = FileJobStep(at: progress)
        let files = page.prefix { $0.kind == .file }
        step.progress.totalFiles += files.count
        if files.count < page.count {
            step.visited = page[files.count].name
            step.enter(page[files.count].id)
        } else if let last = page.last {
            step.visited = last.name
        } else {
            step.leave()
        }
        return try await perform(step)
    }

    // MARK: Items

    private mutating func startItem() async throws -> Bool {
        var step = FileJobStep(at: progress)
        guard let item = try await metadata.items(ofFileJob: job.id, from: progress.item, limit: 1).first else {
            step.progress.state = .finished
            step.progress.totalFiles = progress.completedFiles + progress.failedFiles
            return try await perform(step)
        }
        var entry = FolderEntry(id: item.file, name: item.name ?? "", kind: .file)
        projects = nil
        do {
            let checked = try await access.check(item, job.kind, for: try await access.caller(of: job))
            entry = FolderEntry(id: item.file, name: checked.name, kind: checked.source.kind)
            projects = FileJobAccess.Projects(
                source: checked.source.project,
                destination: checked.destination?.project
            )
            step.process(entry, of: job, to: checked.destination, now: leases.now())
            step.isResult = true
            if entry.kind == .file { step.progress.item += 1 }
            return try await perform(step, on: entry)
        } catch let error as PontoonError where error.isFailureOfItem {
            var failed = FileJobStep(at: progress)
            failed.fail(error)
            failed.progress.item += 1
            return try await perform(failed, on: entry)
        }
    }

    // MARK: Folders

    private mutating func continueFolder() async throws -> Bool {
        let folder = try await currentFolder()
        if entries.isEmpty {
            do {
                projects = try await access.check(folder, job.kind, for: try await access.caller(of: job))
            } catch let error as PontoonError where error.isFailureOfItem {
                var step = FileJobStep(at: progress)
                step.fail(error)
                step.leave()
                return try await perform(step, on: FolderEntry(id: folder.source, name: "", kind: .folder))
            }
            let page = try await metadata.entries(in: folder.source, after: folder.after, limit: Self.entriesPerCheck)
            entries = page[...]
        }
        guard let projects, let entry = entries.popFirst() else { return try await leave(folder) }
        var step = FileJobStep(at: progress)
        step.visited = entry.name
        do {
            let destination = folder.destination.flatMap { id in projects.destination.map { (id, $0) } }
            step.process(entry, of: job, to: destination, now: leases.now())
            return try await perform(step, on: entry)
        } catch let error as PontoonError where error.isFailureOfItem {
            var failed = FileJobStep(at: progress)
            failed.visited = entry.name
            failed.fail(error)
            return try await perform(failed, on: entry)
        }
    }

    /// Leaves a folder all of whose entries were visited, and deletes it unless the job copies.
    private mutating func leave(_ folder: FileJobFolder) async throws -> Bool {
        var step = FileJobStep(at: progress)
        step.leave()
        guard job.kind != .copy else { return try await perform(step) }
        let entry = FolderEntry(id: folder.source, name: "", kind: .folder)
        do {
            var deletion = step
            deletion.action = .delete(folder.source)
            return try await perform(deletion, on: entry)
        } catch let error as PontoonError where error.isFailureOfItem {
            // The folder may have been deleted by others. It is not empty if one of its entries failed or is new.
            if error.code == .fileNotFound { return try await perform(step) }
            step.failure = FileJobFailure(error)
            return try await perform(step, on: entry)
        }
    }

    private mutating func currentFolder() async throws -> FileJobFolder {
        if let folder { return folder }
        guard let read = try await metadata.folder(ofFileJob: job.id, depth: progress.depth) else {
            // The lease was lost, and another server has continued the job.
            throw LostLease()
        }
        folder = read
        return read
    }

    /// Performs a step and reports it.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - entry: The file or folder to which the step applies; `nil` if there is nothing to report.
    /// - Returns: `false` if the job is finished, or the lease was lost.
    /// - Throws: The errors of the store.
    private mutating func perform(_ step: FileJobStep, on entry: FolderEntry? = nil) async throws -> Bool {
        let lease = leases.extended(leaseID)
        let result = try await metadata.perform(step, ofFileJob: job.id, lease, now: leases.now())
        guard case .done(let file) = result else { return false }
        progress = step.progress
        if step.entered != nil || step.leaves {
            (folder, entries) = (nil, [])
        } else if let name = step.visited {
            folder?.after = name
        }
        if let entry { reports.report(step, on: entry, in: projects?.source, result: file, of: job) }
        return progress.state != .finished
    }

    /// The error for a folder that is no longer current.
    struct LostLease: Error {}
}

extension FileJobStep {
    /// Enters a folder, which becomes the current one.
    fileprivate mutating func enter(_ folder: String) {
        entered = folder
        progress.depth += 1
    }

    /// Leaves the current folder.
    fileprivate mutating func leave() {
        leaves = true
        progress.depth -= 1
        if progress.depth == 0 { progress.item += 1 }
    }

    fileprivate mutating func fail(_ error: PontoonError) {
        failure = FileJobFailure(error)
        progress.failedFiles += 1
    }

    /// Sets the action for a file or folder with its new name; a folder becomes the current one.
    ///
    /// `destination` is `nil` if the job deletes.
    fileprivate mutating func process(
        _ entry: FolderEntry,
        of job: FileJob,
        to destination: (folder: String, project: ProjectID)?,
        now: Date
    ) {
        if entry.kind == .folder { enter(entry.id) } else { progress.completedFiles += 1 }
        guard let destination else {
            action = entry.kind == .folder ? nil : .delete(entry.id)
            return
        }
        switch (entry.kind, job.kind) {
        case (.folder, _):
            action = .makeFolder(
                File(
                    id: Identifiers.file(now: now),
                    name: entry.name,
                    kind: .folder,
                    project: destination.project,
                    parent: destination.folder,
                    content: nil,
                    createdOn: now
                )
            )
        case (.file, .move):
            let (folder, project) = destination
            action = .move(entry.id, FileMove(project: project, parent: folder, name: entry.name, movedOn: now))
        case (.file, _):
            let copy = FileCopy(
                id: Identifiers.file(now: now),
                project: destination.project,
                parent: destination.folder,
                name: entry.name,
                conflictPolicy: .number,
                createdOn: now
            )
            action = .copy(entry.id, copy)
        }
    }
}

extension PontoonError {
    /// Whether the error is the result of an item, rather than a reason to try again later.
    fileprivate var isFailureOfItem: Bool {
        switch code {
        case .storageFull, .unavailable, .internalFault: false
        default: true
        }
    }
}
