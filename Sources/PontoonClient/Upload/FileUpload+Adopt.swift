import NIOPosix
import PontoonCore
import SystemPackage

extension FileUpload {
    /// Resumes the upload chosen by the user, which another client may have started.
    ///
    /// - Throws: ``ClientError`` if the upload is for a file of another length, or the server does not provide its part
    ///   size.
    func adopt(_ id: String, _ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let details = try await client.upload(id, listingParts: true, listingStored: job.server.listsStoredParts)
        let size = source.facts.size
        guard details.size ?? size == size else {
            throw ClientError(
                .requestInvalid,
                """
                Upload \(id.shortened) is for a file of \(details.size ?? 0) bytes, but '\(item.source)' has \(size).
                """,
                advice: "Use the file that the upload was started for."
            )
        }
        guard let partSize = details.partSize else {
            throw ClientError(
                .responseUnreadable,
                "The server does not provide the part size of upload \(id.shortened), so it cannot be resumed.",
                advice: "Upload the file without --upload-id."
            )
        }
        let plan = PartPlan(size: size, partSize: partSize, reason: "set when the upload was started")
        try check(plan)
        var known = journal
        if let journal {
            let head = journal.journal.head
            if head?.upload != id || head?.identity.isSame(as: journal.identity) != true {
                try await begin(journal, OpenUpload(id: id, plan: plan))
                // The parts in the journal belong to a different upload or version of the file.
                known = nil
            }
        }
        return .upload(OpenUpload(details, plan: plan, journaled: known?.journal.parts ?? [:]))
    }

    /// Finds an unfinished upload of this file that another machine started, or whose journal was lost.
    ///
    /// An upload is resumed if its first and its last stored part match the file. The other parts are compared before
    /// they are reused, like those of any resumed upload. An upload without a stored part is resumed only if an earlier
    /// run on this machine was about to start it.
    ///
    /// - Parameters:
    ///   - start: The upload that would otherwise be started.
    ///   - source: The file.
    ///   - journal: The file's journal.
    /// - Returns: `nil` if there is no such upload.
    /// - Throws: ``APIError``, ``ClientError``; the errors of a file that cannot be read.
    func findOpen(_ start: UploadStart, _ source: SourceFile, _ journal: OpenJournal?) async throws -> OpenUpload? {
        let wasStarting = journal?.journal.head.map { $0.upload.isEmpty } ?? false
        for candidate in try await job.openUploads.matching(start, partSize: job.options.partSize) {
            guard let upload = try await open(candidate, size: source.facts.size) else { continue }
            let parts = upload.acknowledged
            guard parts.isEmpty ? wasStarting : try await isSameFile(upload, source) else { continue }
            // Another process may be sending the file from another path.
            guard try await forgetOtherJournals(of: candidate.id, except: journal) else { continue }
            return upload
        }
        return nil
    }

    private func open(_ candidate: UploadDetails, size: Int64) async throws -> OpenUpload? {
        do {
            let details = try await client.upload(
                candidate.id,
                listingParts: true,
                listingStored: job.server.listsStoredParts
            )
            guard let partSize = details.partSize ?? candidate.partSize else { return nil }
            let plan = PartPlan(size: size, partSize: partSize, reason: "set when the upload was started")
            try check(plan)
            return OpenUpload(details, plan: plan, journaled: [:])
        } catch let error as APIError where error.status == 404 || error.status == 403 {
            return nil
        }
    }

    private func isSameFile(_ upload: OpenUpload, _ source: SourceFile) async throws -> Bool {
        let numbers = Set([upload.acknowledged.keys.min(), upload.acknowledged.keys.max()].compactMap { $0 })
        return try await threads.runIfActive {
            try numbers.allSatisfy { number in
                let etag = upload.acknowledged[number]?.etag ?? ""
                return try source.digest(upload.plan.range(number), md5: etag.utf8.count == 32).compare(etag) == .same
            }
        }
    }

    /// Deletes the journals of an upload that belong to other paths, such as the one from which the file was moved.
    ///
    /// - Returns: `false` if another process is using one of them.
    private func forgetOtherJournals(of upload: String, except own: OpenJournal?) async throws -> Bool {
        guard let state = job.state else { return true }
        return try await threads.runIfActive {
            for (path, head) in try state.heads()
            where head.upload == upload && path.lastComponent?.string != own?.key.fileName {
                do {
                    try Journal<JournalHead>(path, for: "an upload").remove()
                } catch let error as ClientError where error.code == .busy {
                    return false
                }
            }
            return true
        }
    }
}

extension OpenUpload {
    /// Combines the parts in the journal with those that the server lists.
    ///
    /// The server's list of stored parts decides which parts exist, if there is one. An entry of the journal with the
    /// same ETag is kept, because it has a checksum.
    init(_ details: UploadDetails, plan: PartPlan, journaled: [Int: JournalPart]) {
        self.init(id: details.id, plan: plan)
        isResumed = true
        // Neither the journal nor the server is trusted to contain only numbers of existing parts.
        let numbers = 1...plan.parts
        let reported = (details.parts ?? []).filter { numbers.contains($0.number) }
        self.reported = Set(reported.map(\.number))
        if details.storedPartList == nil { acknowledged = journaled.filter { numbers.contains($0.key) } }
        for part in reported + (details.storedPartList ?? []) where numbers.contains(part.number) {
            let known = acknowledged[part.number] ?? journaled[part.number]
            let isKnown = known?.etag.lowercased() == part.etag.lowercased()
            acknowledged[part.number] = isKnown ? known : JournalPart(number: part.number, etag: part.etag, crc64: "")
        }
    }
}
