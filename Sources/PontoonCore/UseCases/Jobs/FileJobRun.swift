import PontoonFoundation

/// The work of one server on a job while it holds the lease.
///
/// Each call of ``advance()`` performs one step, after which another server can continue the job. Permissions are
/// checked for each item, and again for every ``entriesPerCheck`` entries of a folder. Users may move files and folders
/// in the meantime, so the store performs a step only if they are still in the folders in which they were found.
struct FileJobRun {
    /// A folder that is being visited.
    private struct Visit {
        var folder: FileJobFolder
        /// The next entries; in the state `.running`, the permissions for them have been checked.
        var entries: ArraySlice<FolderEntry> = []
        /// The projects of the entries and of their destination; `nil` while the entries are counted.
        var projects: FileJobAccess.Projects?
    }

    /// Maximum number of entries that are counted in one step.
    private static let countedEntries = 1000
    private static let entriesPerCheck = 100
    /// Maximum number of ancestors of the current folder whose next entries are kept in memory.
    private static let keptVisits = 8

    let job: FileJob
    private let leaseID: String
    private let leases: LeaseRenewer
    private let metadata: any MetadataStore
    private let access: FileJobAccess
    private let reports: FileJobReports
    private let maximumEntries: Int
    private var progress: FileJobProgress
    /// The current folder; `nil` if it has not been read.
    private var visit: Visit?
    /// The visits of some ancestors of the current folder, by depth.
    ///
    /// Without them, a folder would be read again after each of its subfolders.
    private var visitsAbove: [Int: Visit] = [:]
    /// The projects of the current item or entries, and of their destination; `nil` if the item has not passed the
    /// checks.
    private var projects: FileJobAccess.Projects?

    init(
        _ job: FileJob,
        leaseID: String,
        leases: LeaseRenewer,
        metadata: any MetadataStore,
        reports: FileJobReports,
        maximumEntries: Int = FileJobRules.maximumEntries
    ) {
        self.job = job
        self.leaseID = leaseID
        self.leases = leases
        self.metadata = metadata
        access = FileJobAccess(metadata)
        self.reports = reports
        self.maximumEntries = maximumEntries
        progress = job.progress
    }

    /// Performs the next step.
    ///
    /// - Returns: `false` if the job is finished, or the lease was lost.
    /// - Throws: An error if the store is unavailable or full; the step can then be repeated. ``LostLease`` if the
    ///   lease was lost before the step could be prepared.
    mutating func advance() async throws -> Bool {
        switch progress.state {
        case .submitted:
            var step = FileJobStep(at: progress)
            step.progress.state = .resolving
            return try await perform(step)
        case .resolving:
            guard progress.entries < maximumEntries else { return try await endCounting() }
            return try await progress.depth == 0 ? countItems() : countEntries()
        case .running: return try await progress.depth == 0 ? startItem() : continueFolder()
        case .finished: return false
        }
    }

    // MARK: Counting

    /// Counts the items before the next folder, and enters this folder.
    private mutating func countItems() async throws -> Bool {
        var step = FileJobStep(at: progress)
        let items = try await metadata.items(ofFileJob: job.id, from: progress.item, limit: Self.entriesPerCheck)
        if items.isEmpty { step.startItems() }
        for item in items {
            step.progress.entries += 1
            if let file = try await metadata.file(item.file), file.kind == .folder {
                step.enter(file.id)
                step.parent = file.parent
                break
            }
            step.progress.totalFiles += 1
            step.progress.item += 1
        }
        return try await perform(step)
    }

    /// Counts the files before the next subfolder of the current folder, and enters this subfolder.
    private mutating func countEntries() async throws -> Bool {
        var visit = try await currentVisit()
        if visit.entries.isEmpty { visit.entries = try await entries(of: visit, limit: Self.countedEntries) }
        var step = FileJobStep(at: progress)
        let files = visit.entries.prefix { $0.kind == .file }
        visit.entries = visit.entries.dropFirst(files.count)
        step.progress.totalFiles += files.count
        step.progress.entries += files.count
        if let folder = visit.entries.popFirst() {
            step.visited = folder.name
            step.progress.entries += 1
            if progress.depth < FileJobRules.maximumDepth { step.enter(folder.id) }
        } else if let last = files.last {
            step.visited = last.name
        } else {
            step.leave()
        }
        self.visit = visit
        return try await perform(step)
    }

    /// Starts to process the items although not all files were counted, because the maximum number was reached.
    private mutating func endCounting() async throws -> Bool {
        var step = FileJobStep(at: progress)
        if progress.depth > 0 { step.abandoned = 1 }
        step.startItems()
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
        guard progress.entries < maximumEntries else { return try await stop(item) }
        step.progress.entries += 1
        do {
            let checked = try await access.check(item, job.kind, for: try await access.caller(of: job))
            entry = FolderEntry(id: item.file, name: checked.name, kind: checked.source.kind)
            projects = FileJobAccess.Projects(
                source: checked.source.project,
                destination: checked.destination?.project
            )
            step.process(entry, of: job, to: checked.destination, as: item.name, now: leases.now())
            step.parent = checked.source.parent
            step.isResult = true
            if entry.kind == .file { step.progress.item += 1 }
            return try await perform(step, on: entry)
        } catch let error as PontoonError where error.isFailureOfItem {
            var failed = FileJobStep(at: progress)
            failed.progress.entries += 1
            failed.fail(error)
            failed.progress.item += 1
            return try await perform(failed, on: entry)
        }
    }

    /// Fails an item and leaves its folders, because the job has reached the maximum number of files and folders.
    private mutating func stop(_ item: FileJobItem) async throws -> Bool {
        var step = FileJobStep(at: progress)
        if progress.depth > 0 { (step.abandoned, step.progress.depth) = (1, 0) }
        step.progress.item += 1
        let maximum = "The job has processed \(maximumEntries) files and folders, the maximum for a job"
        step.fail(PontoonError(.limitReached, "\(maximum); submit another job for the remaining files."))
        return try await perform(step, on: FolderEntry(id: item.file, name: item.name ?? "", kind: .file))
    }

    // MARK: Folders

    private mutating func continueFolder() async throws -> Bool {
        var visit = try await currentVisit()
        if visit.entries.isEmpty {
            do {
                let caller = try await access.caller(of: job)
                visit.projects = try await access.check(visit.folder, job.kind, for: caller)
            } catch let error as PontoonError where error.isFailureOfItem {
                var step = FileJobStep(at: progress)
                step.fail(error)
                step.leave()
                return try await perform(step, on: FolderEntry(id: visit.folder.source, name: "", kind: .folder))
            }
            visit.entries = try await entries(of: visit, limit: Self.entriesPerCheck)
        }
        let next = visit.entries.popFirst()
        self.visit = visit
        self.projects = visit.projects
        guard let projects = visit.projects, let entry = next else { return try await leave(visit.folder) }
        guard progress.entries < maximumEntries else {
            let items = try await metadata.items(ofFileJob: job.id, from: progress.item, limit: 1)
            guard let item = items.first else { throw LostLease() }
            return try await stop(item)
        }
        var visiting = FileJobStep(at: progress)
        visiting.visited = entry.name
        visiting.progress.entries += 1
        do {
            if entry.kind == .folder, progress.depth >= FileJobRules.maximumDepth { throw PontoonError.tooDeepForJob }
            var step = visiting
            let destination = visit.folder.destination.flatMap { id in projects.destination.map { (id, $0) } }
            step.process(entry, of: job, to: destination, as: nil, now: leases.now())
            return try await perform(step, on: entry)
        } catch let error as PontoonError where error.isFailureOfItem {
            visiting.fail(error)
            return try await perform(visiting, on: entry)
        }
    }

    /// Leaves a folder whose entries were all visited, and deletes it if the job moves or deletes and it is empty.
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
            // The folder is not empty if one of its entries failed or is new.
            step.failure = FileJobFailure(error)
            return try await perform(step, on: entry)
        }
    }

    private func currentVisit() async throws -> Visit {
        if let visit { return visit }
        guard let folder = try await metadata.folder(ofFileJob: job.id, depth: progress.depth) else {
            // The lease was lost, and another server has continued the job.
            throw LostLease()
        }
        return Visit(folder: folder)
    }

    private func entries(of visit: Visit, limit: Int) async throws -> ArraySlice<FolderEntry> {
        try await metadata.entries(in: visit.folder.source, after: visit.folder.after, limit: limit)[...]
    }

    // MARK: Concurrent changes

    /// Continues after an item or entry that is no longer in the folder in which it was found.
    ///
    /// An entry is marked as visited without changing it; an item is checked again by the next step.
    private mutating func skip(_ step: FileJobStep) async throws -> Bool {
        // The next step checks the item again, at its new location if it was moved.
        guard progress.depth > 0 else { return true }
        var skipped = FileJobStep(at: progress)
        skipped.visited = step.visited
        skipped.progress.entries = step.progress.entries
        if progress.state == .resolving { skipped.progress.totalFiles = step.progress.totalFiles }
        // The step may have left a folder, instead of visiting an entry.
        if step.leaves { skipped.leave() }
        return try await perform(skipped)
    }

    /// Leaves a visited folder that was moved or deleted, and all visited folders in it, without changing them.
    ///
    /// - Parameters:
    ///   - depth: The depth of the folder.
    ///   - step: The step that was not performed.
    /// - Returns: `false` if the lease was lost.
    /// - Throws: The errors of the store.
    private mutating func abandon(_ depth: Int, insteadOf step: FileJobStep) async throws -> Bool {
        var abandonment = FileJobStep(at: progress)
        abandonment.abandoned = depth
        abandonment.progress.depth = depth - 1
        guard depth == 1 else { return try await perform(abandonment) }
        // The folder is the item itself.
        abandonment.progress.item += 1
        let items = try await metadata.items(ofFileJob: job.id, from: progress.item, limit: 1)
        guard progress.state == .running, let item = items.first else { return try await perform(abandonment) }
        let isFound = try await metadata.file(item.file) != nil
        let isIncomplete = job.kind != .delete && (!step.leaves || step.failure != nil)
        if isIncomplete || isFound && job.kind != .copy {
            let message = "The folder was moved or deleted while the job was running."
            abandonment.fail(PontoonError(.jobItemNotFound, message))
        }
        return try await perform(abandonment, on: FolderEntry(id: item.file, name: "", kind: .folder))
    }

    // MARK: Steps

    /// Performs a step and reports it, or reacts to a file or folder that was moved or deleted in the meantime.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - entry: The file or folder to which the step applies; `nil` if there is nothing to report.
    /// - Returns: `false` if the job is finished, or the lease was lost.
    /// - Throws: The errors of the store.
    private mutating func perform(_ step: FileJobStep, on entry: FolderEntry? = nil) async throws -> Bool {
        var step = step
        // The job may find more files than were counted, for example those that it has copied itself.
        let processed = step.progress.completedFiles + step.progress.failedFiles
        if step.progress.state == .running { step.progress.totalFiles = max(step.progress.totalFiles, processed) }
        let lease = leases.extended(leaseID)
        switch try await metadata.perform(step, ofFileJob: job.id, lease, now: leases.now()) {
        case .lost: return false
        case .entryLeft: return try await skip(step)
        case .folderLeft(let depth): return try await abandon(depth, insteadOf: step)
        case .done(let file):
            if let entry { reports.report(step, on: entry, in: projects?.source, result: file, of: job) }
            follow(step)
            return progress.state != .finished
        }
    }

    /// Updates the current folder after a step.
    private mutating func follow(_ step: FileJobStep) {
        let (before, depth) = (progress.depth, step.progress.depth)
        progress = step.progress
        if let name = step.visited { visit?.folder.after = name }
        if depth > before {
            if before > 0 { visitsAbove[before] = visit }
            visitsAbove[before - Self.keptVisits] = nil
            visit = nil
        } else if depth < before {
            visitsAbove = visitsAbove.filter { $0.key <= depth }
            visit = visitsAbove.removeValue(forKey: depth)
        }
    }

    /// The error if the current folder is no longer recorded, because another server has continued the job.
    struct LostLease: Error {}
}

extension PontoonError {
    fileprivate static var tooDeepForJob: PontoonError {
        let maximum = "The folder is more than \(FileJobRules.maximumDepth) levels below the item"
        return PontoonError(.limitReached, "\(maximum); submit it as a separate item.")
    }

    /// Whether the error makes the item fail; if not, the step is retried later.
    fileprivate var isFailureOfItem: Bool {
        switch code {
        case .storageFull, .unavailable, .internalError: false
        default: true
        }
    }
}
