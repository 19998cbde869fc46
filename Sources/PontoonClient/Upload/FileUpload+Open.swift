import Foundation
import NIOPosix
import PontoonCore
import SystemPackage

extension FileUpload {
    /// The result of opening an upload.
    enum Opening: Sendable {
        case upload(OpenUpload)
        /// The destination already has a file with the same bytes.
        case alreadyThere(CompletedUpload)
    }

    /// Opens and locks the journal of this upload; blocks.
    ///
    /// - Returns: `nil` if there is no state directory.
    func openJournal(of source: SourceFile) throws -> OpenJournal? {
        guard let state = job.state else { return nil }
        let key = job.key(item)
        let identity = FileIdentity(facts: source.facts, sample: try source.sample())
        return OpenJournal(journal: try state.journal(key), key: key, identity: identity)
    }

    /// Resumes the upload chosen by the user or left unfinished by an earlier run; otherwise starts a new one.
    func open(_ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        if let id = job.options.uploadID { return try await adopt(id, source, journal) }
        if let journal, let head = journal.journal.head, job.options.transfer.resumes {
            if head.identity.isSame(as: journal.identity) {
                if let opening = try await resume(head, source, journal) { return opening }
            } else {
                // The parts already sent belong to another version of the file.
                try await abortIfPresent(head.upload)
            }
        }
        return try await start(source, journal)
    }

    private func start(_ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let size = source.facts.size
        var plan = try PartPlan(
            size: size,
            requestedPartSize: job.options.partSize,
            totalBytes: job.context.board.bytes,
            limits: job.limits
        )
        var start = UploadStart(destination: destination, name: item.name, size: size)
        start.partSize = plan.partSize
        start.overwrite = job.options.transfer.conflictPolicy == .overwrite
        if job.server.acceptsLabels { (start.tags, start.metadata) = (item.tags, item.metadata) }
        if job.server.providesPartInfos { start.partInfos = min(plan.parts, 100) }
        let details: UploadDetails
        do {
            details = try await client.startUpload(start)
        } catch let error as APIError where error.code == 8005 {
            guard let existing = try await identicalFile(source) else { throw error }
            return existing
        }
        if let partSize = details.partSize, partSize != plan.partSize {
            plan = PartPlan(size: size, partSize: partSize, reason: "chosen by the server")
        }
        try Self.check(plan, of: source)
        let upload = OpenUpload(id: details.id, plan: plan, partInfos: details.partInfos ?? [])
        if let journal { try await begin(journal, upload) }
        return .upload(upload)
    }

    private static func check(_ plan: PartPlan, of source: SourceFile) throws {
        guard plan.partSize > 0, plan.parts <= PartNumber.limits.upperBound else {
            throw ClientError(
                .responseUnreadable,
                "The server chose an invalid part size for '\(source.path)': \(plan.partSize) bytes.",
                advice: "Contact the server's operator."
            )
        }
    }

    private func begin(_ journal: OpenJournal, _ upload: OpenUpload) async throws {
        let head = JournalHead(
            endpoint: journal.key.endpoint,
            destinationKind: journal.key.destination.field.name,
            destination: journal.key.destination.field.value,
            source: journal.key.source,
            remotePath: journal.key.remotePath,
            tags: item.tags,
            metadata: item.metadata,
            identity: journal.identity,
            upload: upload.id,
            partSize: upload.plan.partSize,
            began: .now
        )
        try await threads.runIfActive { try journal.journal.begin(head, isDurable: upload.plan.parts > 1) }
    }

    /// Resumes the upload of an earlier run.
    ///
    /// - Returns: `nil` if the upload no longer exists and the destination has no file with the same bytes.
    private func resume(_ head: JournalHead, _ source: SourceFile, _ journal: OpenJournal) async throws -> Opening? {
        let details: UploadDetails
        do {
            details = try await client.upload(head.upload, listingParts: true)
        } catch let error as APIError where error.status == 404 {
            // The upload was completed but the response was lost, or the upload was aborted or has expired.
            return try await identicalFile(source)
        }
        let plan = PartPlan(
            size: source.facts.size,
            partSize: details.partSize ?? head.partSize,
            reason: "set when the upload was started"
        )
        try Self.check(plan, of: source)
        let known = journal.journal.parts
        return .upload(OpenUpload(id: head.upload, plan: plan, journaled: known, listed: details.parts ?? []))
    }

    /// Resumes the upload chosen by the user, which another client may have started.
    ///
    /// - Throws: ``ClientError`` if the upload is for a file of another length.
    private func adopt(_ id: String, _ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let details = try await client.upload(id, listingParts: true)
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
        return .upload(
            OpenUpload(id: id, plan: plan, journaled: known?.journal.parts ?? [:], listed: details.parts ?? [])
        )
    }

    /// Returns the division into parts of an upload that another client may have started.
    ///
    /// - Throws: ``ClientError`` if the upload is for a file of another length.
    static func plan(resuming details: UploadDetails, _ source: SourceFile) throws -> PartPlan {
        let size = source.facts.size
        guard details.size ?? size == size, let partSize = details.partSize else {
            throw ClientError(
                .requestInvalid,
                """
                Upload \(details.id.shortened) is for a file of \(details.size ?? 0) bytes, but '\(source.path)' has \
                \(size).
                """,
                advice: "Use the file that the upload was started for."
            )
        }
        let plan = PartPlan(size: size, partSize: partSize, reason: "set when the upload was started")
        try check(plan, of: source)
        return plan
    }

    /// Returns the file at the destination if its content is identical to the local file.
    ///
    /// - Returns: `nil` if the file does not exist, differs or is damaged, or if the server provides no checksum for
    ///   it.
    func identicalFile(_ source: SourceFile) async throws -> Opening? {
        guard let found = try await client.file(named: item.name, in: destination) else { return nil }
        let crc64 = try await threads.runIfActive { try source.checksum(ifIdenticalTo: found) }
        return crc64.map { .alreadyThere(CompletedUpload(details: found, crc64: $0, verification: .file)) }
    }

    private func abortIfPresent(_ upload: String) async throws {
        do {
            try await client.abortUpload(upload)
        } catch let error as APIError where error.status < 500 {
            // The upload no longer exists, or the user may no longer abort it.
        }
    }
}

extension SourceFile {
    /// Reads the file and returns its checksum if it equals that of a file on the server; blocks.
    ///
    /// - Returns: `nil` if the content differs or is damaged on the server, or if the server provides no checksum.
    /// - Throws: `.fileChanged`, `.fileUnreadable`.
    func checksum(ifIdenticalTo existing: FileDetails) throws -> CRC64NVME? {
        guard !existing.isFolder, existing.size == facts.size, let checksum = existing.checksums?.crc64nvme,
            existing.checksums?.damage == nil
        else { return nil }
        let crc64 = try digest(0..<facts.size, md5: false).crc64
        return crc64.hex == checksum.lowercased() ? crc64 : nil
    }
}

extension OpenUpload {
    /// Combines the parts in the journal with those that the server lists.
    ///
    /// If their ETags match, the journal's entry is kept, because it has a checksum.
    init(id: String, plan: PartPlan, journaled: [Int: JournalPart], listed: [UploadDetails.Part]) {
        self.init(id: id, plan: plan)
        // Neither the journal nor the server is trusted to contain only numbers of existing parts.
        let numbers = 1...plan.parts
        acknowledged = journaled.filter { numbers.contains($0.key) }
        for part in listed where numbers.contains(part.number) {
            reported.insert(part.number)
            if acknowledged[part.number]?.etag.lowercased() != part.etag.lowercased() {
                acknowledged[part.number] = JournalPart(number: part.number, etag: part.etag, crc64: "")
            }
        }
    }
}
