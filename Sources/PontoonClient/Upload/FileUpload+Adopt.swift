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

    /// Finds an unfinished upload of this file that another machine started, or whose journal was lost.
    ///
    /// - Returns: `nil` if there is no such upload.
    /// - Throws: ``APIError``, ``ClientError``; the errors of a file that cannot be read.
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
        self.init(id: details.id, name: details.name, plan: plan)
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
