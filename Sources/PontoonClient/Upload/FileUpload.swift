import Foundation
import NIOPosix
import PontoonCore
import SystemPackage

/// The upload of one file, from its opening to its verified end.
struct FileUpload: Sendable {
    let run: UploadRun
    /// Position in the list of items.
    let index: Int
    let item: UploadItem
    /// The project or folder it goes to; its folders exist.
    let place: UploadDestination

    /// An upload that the server knows, and what it holds of the file.
    struct Opened: Sendable {
        var id: String
        var plan: PartPlan
        /// Parts that the storage acknowledged to an earlier run or another client; not yet compared with the file.
        var acknowledged: [Int: JournalPart] = [:]
        /// Numbers of those that the server has reports of.
        var reported: Set<Int> = []
        var infos: [PartInfo] = []
    }

    /// What opening an upload led to.
    enum Opening: Sendable {
        case upload(Opened)
        /// The file is at the destination with these very bytes.
        case there(FileDetails, crc64: CRC64NVME, UploadResult.Verification)
    }

    /// Uploads the file; the caller holds a slot, which is given back.
    ///
    /// - Returns: How it ended; errors are in it.
    func upload() async -> UploadResult {
        let lease = SlotLease(run.slots)
        defer { lease.giveBack() }
        var result = UploadResult(index: index, item: item, outcome: .cancelled)
        do {
            try await upload(&result, lease)
        } catch is CancellationError {
            result.outcome = .cancelled
        } catch {
            result.outcome = Task.isCancelled ? .cancelled : .failed(error)
        }
        run.board.end(index, size: result.size, isThere: result.isThere)
        return result
    }

    private func upload(_ result: inout UploadResult, _ lease: SlotLease) async throws {
        try checkName()
        // In one step: each change of threads costs as much as a small file.
        let (file, journal) = try await run.threads.runIfActive {
            let file = try SourceFile(item.source, mayChange: run.options.allowsChanging)
            do {
                return (file, try openJournal(of: file))
            } catch {
                try file.close()
                throw error
            }
        }
        result.size = file.facts.size
        do {
            try await upload(file, journal, &result, lease)
        } catch {
            try file.close()
            // What is in it is for the next run, unless the bytes that it speaks of are of no use any more.
            try await giveUp(journal, result.uploadID, after: error)
            throw error
        }
        try file.close()
    }

    private func upload(
        _ file: SourceFile,
        _ journal: OpenJournal?,
        _ result: inout UploadResult,
        _ lease: SlotLease
    ) async throws {
        switch try await open(file, journal) {
        case .there(let details, let crc64, let verification):
            result.outcome = .alreadyThere
            try await finish(details, crc64, verification, journal, &result)
        case .upload(let upload):
            result.uploadID = upload.id
            await announce(upload)
            if upload.plan.parts > 1 { lease.giveBack() }
            let transfer = PartTransfer(self, upload, file, journal, lease)
            let parts = try await transfer.sendAll()
            result.sentBytes = transfer.sentBytes
            result.resumedBytes = file.facts.size - parts.filter(transfer.wasSent).reduce(0) { $0 + $1.size }
            run.board.verify(index)
            await run.tell(.verifying(index: index))
            let (details, crc64, verification) = try await complete(transfer, parts)
            result.outcome = .uploaded
            try await finish(details, crc64, verification, journal, &result)
        }
    }

    private func announce(_ upload: Opened) async {
        run.board.start(index, size: upload.plan.size, parts: upload.plan.parts)
        let resumed = upload.acknowledged.keys.map {
            Int64(PartPlan.range($0, size: upload.plan.size, partSize: upload.plan.partSize).count)
        }
        await run.tell(
            .started(
                UploadEvent.Start(
                    index: index,
                    item: item,
                    uploadID: upload.id,
                    size: upload.plan.size,
                    parts: upload.plan.parts,
                    partSize: upload.plan.partSize,
                    resumedParts: upload.acknowledged.count,
                    resumedBytes: resumed.reduce(0, +)
                )
            )
        )
    }

    private func checkName() throws {
        guard let problem = FileName.problem(with: item.name) else { return }
        throw ClientError(
            .fileUnsuitable,
            "'\(item.source)' cannot be uploaded under its name: \(problem)",
            advice: "Rename it, or give another name by --name."
        )
    }

    /// Writes down that the file is there, and gives it its tags and metadata.
    private func finish(
        _ details: FileDetails,
        _ crc64: CRC64NVME,
        _ verification: UploadResult.Verification,
        _ journal: OpenJournal?,
        _ result: inout UploadResult
    ) async throws {
        result.fileID = details.id
        result.crc64nvme = crc64.hex
        result.verification = verification
        if !item.tags.isEmpty || !item.metadata.isEmpty {
            try await run.client.changeFile(
                details.id,
                tags: item.tags.isEmpty ? nil : item.tags,
                metadata: item.metadata.isEmpty ? nil : item.metadata
            )
        }
        guard let journal else { return }
        let record = FinishedRecord(
            source: journal.key.source,
            remotePath: journal.key.remotePath,
            identity: journal.identity,
            file: details.id,
            crc64: crc64.hex,
            verification: verification.rawValue,
            ended: .now
        )
        try await run.threads.runIfActive { [run] in
            try run.finished?.add(record)
            try journal.journal.remove()
        }
    }

    /// Keeps the journal for a later run, or removes it when there is nothing to go on with.
    private func giveUp(_ journal: OpenJournal?, _ upload: String?, after error: any Error) async throws {
        let isUseless = (error as? ClientError)?.code == .fileChanged
        if isUseless, let upload {
            // Best effort: the upload would expire by itself.
            do {
                try await run.client.abortUpload(upload)
            } catch {
                await run.tell(.retrying(index: index, purpose: "abort the upload", reason: "\(error)", wait: .zero))
            }
        }
        guard let journal else { return }
        let isEmpty = upload == nil && journal.journal.head == nil
        if isUseless || isEmpty {
            try journal.journal.remove()
        } else {
            try journal.journal.close()
        }
    }
}

/// A slot that is held, and given back once.
final class SlotLease: Sendable {
    private let slots: Slots
    private let isHeld = Locked(true)

    init(_ slots: Slots) { self.slots = slots }

    func giveBack() {
        if isHeld.exchange(false) { slots.release() }
    }

    var isGivenBack: Bool { !isHeld.value }
}
