import NIOPosix
import PontoonCore
import SystemPackage

extension FileUpload {
    /// Resumes the upload chosen by the user, which another client may have started.
    ///
    /// - Throws: ``ClientError``, for example if the upload is for a file of a different length, or if the server does
    ///   not return a valid part size; ``APIError``.
    func adopt(_ id: String, _ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let details = try await client.upload(id, listingParts: true, listingStored: job.server.listsStoredParts)
        let plan = try Self.plan(resuming: details, source)
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

    /// Finds an unfinished upload of this file that another machine started, or whose journal is missing.
    ///
    /// Deletes the upload's journals for other paths of the file.
    ///
    /// - Returns: `nil` if there is no such upload, or if another process is sending it.
    /// - Throws: ``APIError``; ``ClientError``, for example if the file cannot be read.
    func findOpen(_ start: UploadStart, _ source: SourceFile, _ journal: OpenJournal?) async throws -> OpenUpload? {
        try await job.openUploads.find(
            start,
            source,
            partSize: job.options.partSize,
            adopts: job.options.adoptsUploads,
            wasStarting: journal?.journal.head?.upload.isEmpty ?? false
        ) { upload in
            // Another process may be sending the file from another path.
            try await forgetOtherJournals(of: upload.id, except: journal)
        }
    }

    /// Deletes journals of an upload that belong to other paths, such as the path from which the file was moved.
    ///
    /// - Returns: `false` if another process is using such a journal.
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
    /// Creates a resumed upload from the parts in the journal and the parts that the server lists.
    ///
    /// If the server lists the stored parts, parts that only the journal contains are ignored. If the journal has the
    /// same ETag for a part as the server, the journal's entry is used, because it may contain a checksum.
    init(_ details: UploadDetails, plan: PartPlan, journaled: [Int: JournalPart]) {
        self.init(id: details.id, name: details.name, plan: plan)
        isResumed = true
        // Ignore part numbers outside the plan, whether they come from the journal or from the server.
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
