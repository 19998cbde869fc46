import NIOHTTP1
import NIOPosix
import PontoonCore
import Synchronization

/// An archive put: the upload of many small files in one request, with a result for each file.
final class ArchiveUpload: Sendable {
    private struct State {
        /// Files without a result, by their paths in the archive.
        var waiting: [ByteExactString: TransferFile<UploadItem>]
        /// Files that must be sent separately.
        var alone: [TransferFile<UploadItem>] = []
    }

    /// Number of 503 responses after which the files are sent separately.
    ///
    /// The server accepts only a few archives per user at a time, so it may return 503 until other archives have been
    /// stored.
    private static let maximumRefusals = 3

    private let job: UploadJob
    private let end: @Sendable (TransferFile<UploadItem>, TransferEnding) async -> Void
    private let state: Mutex<State>

    /// Creates an upload of files whose paths are all different.
    ///
    /// - Parameters:
    ///   - files: The files, in the order in which they are sent.
    ///   - job: The run to which the upload belongs.
    ///   - end: Called with the outcome of each file, except the files that ``run()`` returns.
    init(
        _ files: [TransferFile<UploadItem>],
        job: UploadJob,
        end: @escaping @Sendable (TransferFile<UploadItem>, TransferEnding) async -> Void
    ) {
        self.job = job
        self.end = end
        let waiting = files.map { (ByteExactString($0.item.remotePath), $0) }
        state = Mutex(State(waiting: Dictionary(waiting) { first, _ in first }))
    }

    private var waiting: [TransferFile<UploadItem>] {
        state.withLock { $0.waiting.values.sorted { $0.index < $1.index } }
    }

    /// Sends the files, in several attempts if necessary.
    ///
    /// A later attempt sends only the files that have no result yet.
    ///
    /// - Returns: The files that must be sent separately: files that are too large for an archive, files for which the
    ///   server returned no usable result, and files that it refused for a reason that may not apply to separate
    ///   uploads.
    func run() async -> [TransferFile<UploadItem>] {
        let purpose = "upload \(waiting.count) files"
        let request = APIRequest(method: .POST, path: SevenBridgesClient.archivePath, purpose: purpose)
        var refusals = 0
        let replaces = job.options.transfer.conflictPolicy == .overwrite && !job.options.comparesExisting
        do {
            try await job.client.repeating(request) { mayHaveSucceeded in
                // With `skip`, the server returns the files that an earlier attempt may have stored. They are then
                // compared.
                let rule = replaces ? "overwrite" : mayHaveSucceeded ? "skip" : "fail"
                var call = request
                call.query = [job.options.destination.field, ("on_conflict", rule)]
                do {
                    try await attempt(call)
                } catch let refusal as SevenBridgesClient.RefusedCall where refusal.error.status == 503 {
                    refusals += 1
                    if refusals == Self.maximumRefusals { throw refusal.error }
                    throw refusal
                }
            }
            // Files without a result remain if the server stopped before the end of the archive.
            setAside(waiting)
        } catch let error as APIError where error.mayConcernArchives {
            if error.status != 503 { job.archives.noteRefusal() }
            setAside(waiting)
        } catch {
            for file in waiting { await end(file, TransferEnding(failed: error)) }
        }
        return state.withLock { $0.alone.sorted { $0.index < $1.index } }
    }

    private func setAside(_ files: [TransferFile<UploadItem>]) {
        for file in files { take(file) }
        state.withLock { $0.alone += files }
    }

    private func take(_ file: TransferFile<UploadItem>) {
        state.withLock { _ = $0.waiting.removeValue(forKey: ByteExactString(file.item.remotePath)) }
    }

    private func attempt(_ request: APIRequest) async throws {
        let files = waiting
        if files.isEmpty { return }
        let body = ArchiveBody(files, job: job)
        let result: Result<Void, any Error>
        do {
            try await job.client.attemptArchive(request, body) { lines in try await self.receive(lines, body) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for file in waiting {
            switch body[file.index] {
            case .sent(let entry): file.progress.discarded(entry.size)
            case .unsuitable: setAside([file])
            case .failed(let error):
                take(file)
                await end(file, TransferEnding(failed: error))
            case nil: break
            }
        }
        try result.get()
    }

    private func receive(_ lines: [ArchiveLine], _ body: ArchiveBody) async throws {
        var endings: [(file: TransferFile<UploadItem>, ending: TransferEnding)] = []
        var records: [FinishedRecord] = []
        for line in lines {
            guard let path = line.path, line.type != "folder",
                let file = state.withLock({ $0.waiting[ByteExactString(path)] }),
                case .sent(let entry)? = body[file.index]
            else { continue }
            guard let ending = ending(line, file, entry) else {
                file.progress.discarded(entry.size)
                setAside([file])
                continue
            }
            take(file)
            endings.append((file, ending))
            if case .transferred = ending.outcome, let identity = entry.identity {
                records.append(job.finishedRecord(of: file.item, identity, ending))
            }
        }
        if let finished = job.finished, !records.isEmpty {
            do {
                try await job.threads.runIfActive { [records] in try finished.add(records) }
            } catch {
                for (file, _) in endings { await end(file, TransferEnding(failed: error)) }
                throw error
            }
        }
        for (file, ending) in endings {
            if case .transferred = ending.outcome {
                await file.noteWholeStored(size: job.context.board.size(file.index), crc64: ending.crc64nvme ?? "")
            }
            await end(file, ending)
        }
    }

    /// Returns the result of a file; `nil` if it must be sent separately.
    private func ending(
        _ line: ArchiveLine,
        _ file: TransferFile<UploadItem>,
        _ entry: ArchiveBody.Entry
    ) -> TransferEnding? {
        if let failure = line.error {
            let error = APIError(
                status: failure.status,
                code: failure.code,
                message: failure.message,
                purpose: "upload '\(file.item.name)'",
                call: "POST \(SevenBridgesClient.archivePath)"
            )
            // A separate upload can retry, compare an existing file, or divide the file into parts.
            let isFinal = (400..<500).contains(error.status) && ![400, 408, 409, 413, 429].contains(error.status)
            return isFinal ? TransferEnding(failed: error) : nil
        }
        guard let id = line.id, let name = line.name else { return nil }
        let checksum = line.checksums?.crc64nvme?.lowercased()
        let isSame = line.size == Double(entry.size) && (checksum == nil || checksum == entry.crc64.hex)
        // Another client may have stored the existing file, with other bytes or without these labels.
        if line.result == "existing", !isSame || checksum == nil || entry.hasLabels { return nil }
        guard isSame else {
            let difference = ClientError(
                .checksumMismatch,
                "The uploaded copy of '\(file.item.source)' differs from the local file.",
                advice: "Delete '\(file.item.remotePath)' on the server and upload it again."
            )
            return TransferEnding(failed: difference)
        }
        var ending = TransferEnding(outcome: .transferred, fileID: id)
        ending.crc64nvme = entry.crc64.hex
        ending.verification = checksum == nil ? .size : .file
        ending.name = name
        return ending
    }
}

extension APIError {
    /// Whether the server or a proxy that refused an archive may accept its files one by one.
    fileprivate var mayConcernArchives: Bool {
        !concernsDestination && status != 429 && (status < 500 || [501, 503].contains(status))
    }
}
