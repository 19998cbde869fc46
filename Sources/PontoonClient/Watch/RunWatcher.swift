import NIOPosix
import PontoonCore
public import SystemPackage

/// A watcher of a folder into which an instrument writes runs.
///
/// Files are sent as soon as they are stable, and the markers of a run last. Then the run is compared with the files at
/// its destination. The folder is scanned at regular intervals, because network file systems do not report changes.
/// Progress is recorded in the state directory, so that a later watch of the same folder and destination can resume.
public struct RunWatcher: Sendable {
    let client: SevenBridgesClient
    let options: WatchOptions
    let state: WatchState
    let root: FilePath
    let markers: [PathPattern]
    let hooks: Hooks

    /// The functions that a watch calls to report its progress.
    public struct Hooks: Sendable {
        /// Called with each change of a run's state, and with errors of files and of the watched folder.
        public var report: @Sendable (RunNotice) async -> Void
        /// Consumes the progress events of an upload of the given files.
        public var observe: @Sendable ([UploadItem], UploadEvents) async -> Void
        /// Called each time a run has ended.
        ///
        /// An error that it throws ends the watch. If the process exits during the call, the next watch may repeat the
        /// call.
        public var ended: @Sendable (RunNotice) async throws -> Void

        /// Creates hooks; by default, they only consume the progress events.
        public init(
            report: @escaping @Sendable (RunNotice) async -> Void = { _ in },
            observe: @escaping @Sendable ([UploadItem], UploadEvents) async -> Void = { for await _ in $1 {} },
            ended: @escaping @Sendable (RunNotice) async throws -> Void = { _ in }
        ) {
            (self.report, self.observe, self.ended) = (report, observe, ended)
        }
    }

    /// Watches a folder until the task is cancelled or, with ``WatchOptions/endsWhenDone``, until all runs have ended.
    ///
    /// A temporary error, such as an outage, does not end the watch.
    ///
    /// - Parameters:
    ///   - folder: The folder that contains the runs, or is a run.
    ///   - client: Client for the destination.
    ///   - options: The options; ``UploadOptions/stateDirectory`` must be set.
    ///   - hooks: The functions to which progress is reported.
    /// - Returns: The last notice of each run, including runs whose folders were removed before they ended.
    /// - Throws: ``ClientError``, with code `.busy` if another process watches the same folder for the same
    ///   destination, `.requestInvalid` for invalid options, or `.notFound` if the folder does not exist at the start;
    ///   ``APIError`` if the token is not valid or the destination does not exist; `CancellationError`; any error that
    ///   `hooks.ended` throws.
    public static func watch(
        _ folder: FilePath,
        _ client: SevenBridgesClient,
        options: WatchOptions,
        hooks: Hooks = Hooks()
    ) async throws -> [RunNotice] {
        var options = options
        options.upload.transfer.conflictPolicy = .overwrite
        let markers = try options.markers.map { try PathPattern($0) }
        guard let stateDirectory = options.upload.stateDirectory, !markers.isEmpty else {
            throw ClientError(.requestInvalid, "A watch requires a state directory and at least one marker.")
        }
        let root = FilePath(folder.absolute)
        let place = JournalKey(client, options.upload.destination).place
        let threads = NIOThreadPool.singleton
        if try await threads.runIfActive({ RunFolder.isRun(root, markers: markers) }) {
            (options.depth, options.endsWhenDone) = (0, true)
        }
        let state = try await threads.runIfActive { try WatchState(stateDirectory, root: root, place: place) }
        return try await withClosing(state, close: { try $0.close() }) { [options] state in
            let watcher = RunWatcher(
                client: client,
                options: options,
                state: state,
                root: root,
                markers: markers,
                hooks: hooks
            )
            return try await watcher.run()
        }
    }

    private func run() async throws -> [RunNotice] {
        // Fails immediately if the folder does not exist.
        _ = try await blocking { try RunFolder.find(in: root, depth: min(options.depth, 1)) }
        var runs: [RunFolder: WatchedRun] = [:]
        var removed: [RunFolder: RunNotice] = [:]
        var outage: ClientError?
        while true {
            var mustContinue = false
            do {
                let folders = try await blocking { try RunFolder.find(in: root, depth: options.depth) }
                outage = nil
                let present = Set(folders)
                for (folder, run) in runs where !present.contains(folder) {
                    runs[folder] = nil
                    guard run.record.result == nil else { continue }
                    removed[folder] = run.notice(.removed)
                    await hooks.report(run.notice(.removed))
                }
                for folder in folders {
                    removed[folder] = nil
                    // Remove the run from the dictionary, so that its state is not copied when it changes.
                    var run = runs.removeValue(forKey: folder) ?? WatchedRun(folder, watcher: self)
                    mustContinue = try await run.advance() || mustContinue
                    runs[folder] = run
                }
            } catch let error as ClientError where [.notFound, .fileUnreadable].contains(error.code) {
                // The file system may be unavailable for some time.
                if outage == nil { await hooks.report(unavailable(error)) }
                outage = error
            }
            if options.endsWhenDone, !(runs.isEmpty && removed.isEmpty),
                runs.values.allSatisfy({ $0.record.result != nil })
            {
                return (runs.values.map(\.lastNotice) + removed.values).sorted { $0.run.string < $1.run.string }
            }
            try Task.checkCancellation()
            if !mustContinue { try await Task.sleep(for: max(options.interval, .milliseconds(100))) }
        }
    }

    private func unavailable(_ error: ClientError) -> RunNotice {
        var notice = RunNotice(run: root, folders: [], state: .waiting, files: 0, bytes: 0)
        notice.error = error
        return notice
    }

    func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
