import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

/// A run watched by a ``RunWatcher``: its state and its state transitions.
struct WatchedRun {
    let folder: RunFolder
    private let watcher: RunWatcher
    private(set) var record: RunRecord
    private(set) var lastNotice: RunNotice
    private var tracker: RunTracker
    /// The last scan; `nil` when it is not in use, because it needs several hundred bytes per file.
    private var scan: RunScan?
    private var files = 0
    private var bytes: Int64 = 0
    /// Messages about failed files that were already reported, so that each is reported once.
    private var reported: Set<String> = []
    /// Whether the record of an earlier watch has been looked up.
    private var isLoaded = false
    private var isMarked = false
    /// Time before which nothing is sent, after an error that interrupted the last step; otherwise `nil`.
    private var retry: ContinuousClock.Instant?
    private var failures = 0

    /// Maximum number of problems in a notice.
    private static let maximumProblems = 10

    init(_ folder: RunFolder, watcher: RunWatcher) {
        self.folder = folder
        self.watcher = watcher
        record = RunRecord(run: folder.path.string)
        lastNotice = RunNotice(run: folder.path, folders: folder.folders, state: .found, files: 0, bytes: 0)
        tracker = RunTracker(settle: watcher.options.settle)
    }

    /// Scans the run, and performs the next step if one is due.
    ///
    /// Does nothing if the run is complete and its markers have not changed. A transient error is reported and delays
    /// the next step.
    ///
    /// - Returns: Whether another step can be performed immediately.
    /// - Throws: `CancellationError`; any error that is not transient.
    mutating func advance() async throws -> Bool {
        if !isLoaded { try await load() }
        if record.result == .complete {
            let markers = record.markers
            guard try await watcher.blocking({ markers.contains(where: \.hasChanged) }) else { return false }
            try await reopen()
        }
        defer { scan = nil }
        do {
            let work = try await observe()
            if record.result != nil { return false }
            if let retry, retry > .now { return false }
            let mustContinue = try await take(work)
            (failures, retry) = (0, nil)
            return mustContinue
        } catch  where error.isTransient || [.fileUnreadable, .notFound].contains((error as? ClientError)?.code) {
            if record.result == nil { try await pause(error) }
            return false
        }
    }

    private mutating func load() async throws {
        isLoaded = true
        let (state, folder) = (watcher.state, folder)
        if let known = try await watcher.blocking({ state.record(folder) }) { record = known }
        if record.result == .failed || record.result == .different { record.result = nil }
        if let result = record.result {
            var notice = notice(result)
            notice.receipt = record.receipt.map { FilePath($0) }
            lastNotice = notice
            if !record.isAnnounced { try await announce(notice) }
        } else {
            await report(notice(.found))
        }
    }

    /// Scans the folder, and records a change, after which a run that had ended is watched again.
    private mutating func observe() async throws -> RunTracker.Work {
        let (folder, options, markers) = (folder, watcher.options, watcher.markers)
        let scan = try await watcher.blocking { try RunScan(folder, options, markers: markers) }
        (files, bytes) = (scan.count, scan.bytes)
        if scan.fingerprint != record.fingerprint {
            let isReopened = record.result != nil && !record.fingerprint.isEmpty
            (record.fingerprint, record.changed) = (scan.fingerprint, .now)
            if isReopened { try await reopen() } else { try await save() }
        }
        self.scan = scan
        return tracker.observe(scan, at: .now)
    }

    private mutating func reopen() async throws {
        (record.result, record.isAnnounced, record.receipt, record.markers) = (nil, false, nil, [])
        (isMarked, retry, failures, reported) = (false, nil, 0, [])
        record.changed = .now
        try await save()
        await report(notice(.changed))
    }

    /// Sends the files that are ready.
    ///
    /// If there are none, finishes the run or ends it after the timeout.
    ///
    /// - Returns: Whether more files are ready.
    private mutating func take(_ work: RunTracker.Work) async throws -> Bool {
        if !work.ready.isEmpty {
            if [.found, .changed, .waiting].contains(lastNotice.state) { await report(notice(.uploading)) }
            _ = try await upload(work.ready)
            return work.hasMore
        }
        if work.isMarked, !isMarked {
            isMarked = true
            await report(notice(.marked))
        }
        if work.isFinishable { try await finish(work) }
        // If the watch itself was stopped for a long time, the existing files are sent before the run can time out.
        if record.result == nil, !work.isSettling,
            Date.now.timeIntervalSince(record.changed) >= watcher.options.timeout / .seconds(1)
        {
            try await end(timedOut(work))
        }
        return false
    }

    /// Sends files, and reports each failure once.
    ///
    /// - Throws: An error that applies to all files, such as a missing permission; `CancellationError`.
    private mutating func upload(_ items: [UploadItem]) async throws -> [UploadResult] {
        var options = watcher.options.upload
        options.stateDirectory = watcher.state.uploads(of: folder)
        let uploader = Uploader(watcher.client, options: options)
        let results = try await uploader.upload(items) { [watcher] events in await watcher.hooks.observe(items, events)
        }
        try Task.checkCancellation()
        for result in results { tracker.record(result, at: .now) }
        let failed = results.filter { result in
            guard case .failed(let error) = result.outcome else { return false }
            return ![.heldBack, .fileChanged].contains((error as? ClientError)?.code)
        }
        // An error that affects every request is not an error of these files.
        for result in failed {
            guard case .failed(let error) = result.outcome else { continue }
            if (error as? APIError)?.concernsDestination == true { throw error }
            if (error as? ClientError)?.code == .stateUnusable { throw error }
        }
        let problems = failed.map { result in
            guard case .failed(let error) = result.outcome else { return result.item.remotePath }
            return Self.text(result.item.source.string, error)
        }
        .filter { reported.insert($0).inserted }
        if !problems.isEmpty {
            var notice = notice(.waiting)
            (notice.problems, notice.problemCount) = (Array(problems.prefix(Self.maximumProblems)), problems.count)
            await report(notice)
        }
        return results
    }

    /// Uploads the remaining files and the markers, compares the run, writes its receipt and ends it.
    ///
    /// Passes all files to the uploader again, the markers last; the uploader skips the files already sent. Ends the
    /// run as failed if files cannot be uploaded. Returns without ending the run if files change or fail in the
    /// meantime; the next scans handle them.
    private mutating func finish(_ work: RunTracker.Work) async throws {
        if !work.problems.isEmpty {
            var notice = notice(.failed)
            notice.problemCount = work.problems.count
            notice.problems = work.problems.prefix(Self.maximumProblems).map { Self.text($0.path, $0.error) }
            notice.error = work.problems[0].error
            return try await end(notice)
        }
        var receipt = Receipt(
            [UploadResult](),
            endpoint: watcher.client.endpoint,
            destination: watcher.options.upload.destination
        )
        let fingerprint = record.fingerprint
        let markers = scan?.markers ?? []
        var batches = scan?.batches ?? []
        scan = nil
        while !batches.isEmpty {
            if batches.count == 1 {
                // Files that appeared or changed in the meantime must be sent before the markers.
                _ = try await observe()
                scan = nil
                guard record.fingerprint == fingerprint else { return }
            }
            let results = try await upload(batches.removeFirst())
            if let failed = failedFolder(in: results) { return try await end(failed) }
            // A file that failed or changed is handled by the next scans.
            guard results.allSatisfy(\.isSuccess) else { return }
            receipt.add(results)
        }
        await report(notice(.comparing))
        var notice = try await compare()
        // Files that appeared or changed in the meantime belong to the run.
        _ = try await observe()
        scan = nil
        guard record.fingerprint == fingerprint else { return }
        let (state, folder, receipts) = (watcher.state, folder, watcher.options.receipts)
        let path = try await watcher.blocking { [receipt] in try state.write(receipt, of: folder, in: receipts) }
        (notice.receipt, record.receipt) = (path, path.string)
        record.markers = markers
        try await end(notice)
    }

    /// Returns a `.failed` notice for the first empty folder whose creation failed with an error that is not
    /// transient; `nil` if there is none.
    private func failedFolder(in results: [UploadResult]) -> RunNotice? {
        for result in results where result.item.isFolder {
            guard case .failed(let error) = result.outcome, !error.isTransient else { continue }
            var notice = notice(.failed)
            (notice.error, notice.problemCount) = (error, 1)
            notice.problems = [Self.text(result.item.source.string, error)]
            return notice
        }
        return nil
    }

    /// Compares the run's folder with its copy at the destination.
    ///
    /// - Returns: A notice with the state `.complete` or `.different`.
    /// - Throws: `.checksumMismatch` if the folder does not exist at the destination; the errors of ``TreeComparison``.
    private func compare() async throws -> RunNotice {
        var place = watcher.options.upload.destination
        for name in folder.folders {
            guard let id = try await watcher.client.existingFolder(name, in: place) else {
                throw ClientError(
                    .checksumMismatch,
                    "The folder '\(folder.folders.joined(separator: "/"))' is missing at the destination."
                )
            }
            place = .folder(id)
        }
        guard case .folder(let id) = place else { return notice(.complete) }
        var comparison = TreeComparison(watcher.client, readsFiles: watcher.options.comparesChecksums)
        (comparison.include, comparison.exclude) = (watcher.options.selectedPatterns, watcher.options.exclude)
        var notice = notice(.complete)
        notice.folderID = id
        _ = try await comparison.compare(folder.path, with: .id(id)) { entry in
            let problem: String
            switch entry.finding {
            case .same, .sameSize: return
            case .onlyThere:
                notice.extraFiles += 1
                return
            case .onlyHere: problem = "is not at the destination"
            case .different(let reason): problem = reason
            case .skipped(let reason): problem = "was not uploaded: \(reason)"
            case .failed(let error): problem = "cannot be compared: \(error)"
            }
            notice.problemCount += 1
            if notice.problems.count < Self.maximumProblems { notice.problems.append("\(entry.name): \(problem)") }
        }
        guard notice.problemCount > 0 else { return notice }
        var different = self.notice(.different)
        (different.problems, different.problemCount) = (notice.problems, notice.problemCount)
        (different.extraFiles, different.folderID) = (notice.extraFiles, id)
        different.error = ClientError(
            .checksumMismatch,
            """
            Files of the run that differ from the files at the destination, or could not be compared: \
            \(notice.problemCount).
            """
        )
        return different
    }

    private mutating func end(_ notice: RunNotice) async throws {
        record.result = notice.state
        record.isAnnounced = false
        // The state of individual files is no longer needed.
        tracker = RunTracker(settle: watcher.options.settle)
        try await save()
        // After a difference, the next attempt must not rely on the log of finished uploads.
        if [.complete, .different].contains(notice.state) {
            let (state, folder) = (watcher.state, folder)
            try await watcher.blocking { try state.removeUploads(of: folder) }
        }
        await report(notice)
        try await announce(notice)
    }

    private mutating func announce(_ notice: RunNotice) async throws {
        try await watcher.hooks.ended(notice)
        record.isAnnounced = true
        try await save()
    }

    /// Sets the time of the next attempt after an error, and reports the error unless the run is already waiting.
    private mutating func pause(_ error: any Error) async throws {
        failures += 1
        retry = .now + min(RunTracker.firstPause * (1 << min(failures - 1, 10)), RunTracker.longestPause)
        if lastNotice.state != .waiting {
            var notice = notice(.waiting)
            notice.error = error
            await report(notice)
        }
    }

    private func timedOut(_ work: RunTracker.Work) -> RunNotice {
        var notice = notice(work.isMarked ? .failed : .timedOut)
        let markers = watcher.options.markers.map { "'\($0)'" }
        let names = markers.joined(separator: " and ")
        let missing = markers.count == 1 ? "\(names) did not appear" : "Not all of \(names) appeared"
        notice.error = ClientError(
            work.isMarked ? .timedOut : .notFound,
            work.isMarked
                ? "Files of the run could not be uploaded before the timeout (--timeout)."
                : "\(missing), and nothing else changed before the timeout (--timeout).",
            advice: "The run is watched again as soon as one of its files changes."
        )
        notice.problemCount = work.problems.count
        notice.problems = work.problems.prefix(Self.maximumProblems).map { Self.text($0.path, $0.error) }
        return notice
    }

    func notice(_ state: RunState) -> RunNotice {
        RunNotice(
            run: folder.path,
            folders: folder.folders,
            state: state,
            files: files,
            bytes: bytes
        )
    }

    private mutating func report(_ notice: RunNotice) async {
        lastNotice = notice
        await watcher.hooks.report(notice)
    }

    private func save() async throws {
        let (state, record, folder) = (watcher.state, record, folder)
        try await watcher.blocking { try state.save(record, of: folder) }
    }

    /// Returns an error message that contains the file's path.
    private static func text(_ path: String, _ error: any Error) -> String {
        let message = "\(error)"
        return message.contains("'\(path)'") ? message : "\(path): \(message)"
    }
}
