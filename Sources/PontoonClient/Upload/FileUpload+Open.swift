import Foundation
import NIOPosix
import PontoonCore
import SystemPackage

/// A journal, and what the file is now.
struct OpenJournal: Sendable {
    let journal: Journal<JournalHead>
    let key: JournalKey
    let identity: FileIdentity
}

extension FileUpload {
    /// Opens and locks the journal of this upload; blocks.
    ///
    /// - Returns: `nil` when nothing is to be remembered.
    func openJournal(of file: SourceFile) throws -> OpenJournal? {
        guard let state = run.state else { return nil }
        let key = run.key(item, path: Self.absolutePath(item.source))
        let identity = FileIdentity(facts: file.facts, sample: try file.sample())
        return OpenJournal(journal: try state.journal(key), key: key, identity: identity)
    }

    /// The path from the root; links stay as they are, since the name is the user's.
    static func absolutePath(_ path: FilePath) -> String {
        if path.isAbsolute { return path.lexicallyNormalized().string }
        return FilePath(FileManager.default.currentDirectoryPath).pushing(path).lexicallyNormalized().string
    }

    /// Goes on with an upload that was begun, or starts one.
    func open(_ file: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        if let id = run.options.uploadID { return try await adopt(id, file, journal) }
        if let journal, let head = journal.journal.head, !run.options.startsAfresh {
            if head.identity.isSame(as: journal.identity) {
                if let opening = try await resume(head, file, journal) { return opening }
            } else {
                // The bytes that were sent are those of another file.
                try await abortQuietly(head.upload)
            }
        }
        return try await start(file, journal)
    }

    private func start(_ file: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let size = file.facts.size
        let plan = try PartPlan(
            size: size,
            wish: run.options.partSize,
            totalBytes: run.totalBytes,
            limits: run.limits
        )
        var start = UploadStart(destination: place, name: item.name, size: size)
        start.partSize = plan.partSize
        start.overwrite = run.options.overwrite
        if run.server.givesPartInfos { start.partInfos = min(plan.parts, 100) }
        let details: UploadDetails
        do {
            details = try await run.client.startUpload(start)
        } catch let error as APIError where error.code == 8005 {
            guard let there = try await sameFileThere(file) else { throw error }
            return there
        }
        let partSize = details.partSize ?? plan.partSize
        let decided =
            partSize == plan.partSize ? plan : PartPlan(size: size, partSize: partSize, reason: "the server's")
        try check(decided)
        if let journal {
            try await begin(journal, Opened(id: details.id, plan: decided))
        }
        return .upload(Opened(id: details.id, plan: decided, infos: details.partInfos ?? []))
    }

    private func check(_ plan: PartPlan) throws {
        guard plan.partSize > 0, plan.parts <= PartNumber.limits.upperBound else {
            throw ClientError(
                .answerUnreadable,
                "The server wants '\(item.source)' in parts of \(plan.partSize) bytes, which is not possible.",
                advice: "Ask its operator."
            )
        }
    }

    private func begin(_ journal: OpenJournal, _ upload: Opened) async throws {
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
        try await run.threads.runIfActive { try journal.journal.begin(head, isSmall: upload.plan.parts == 1) }
    }

    /// Goes on with the upload of an earlier run.
    ///
    /// - Returns: `nil` when the server does not know it any more.
    private func resume(_ head: JournalHead, _ file: SourceFile, _ journal: OpenJournal) async throws -> Opening? {
        let details: UploadDetails
        do {
            details = try await run.client.upload(head.upload, listingParts: true)
        } catch let error as APIError where error.status == 404 {
            // Finished, and the answer was lost; or aborted, or expired.
            return try await sameFileThere(file)
        }
        let plan = PartPlan(
            size: file.facts.size,
            partSize: details.partSize ?? head.partSize,
            reason: "as the upload was begun"
        )
        try check(plan)
        var upload = Opened(id: head.upload, plan: plan)
        upload.acknowledged = journal.journal.parts.filter { $0.key <= plan.parts }
        upload.take(details.parts ?? [])
        return .upload(upload)
    }

    /// Goes on with an upload that another client began.
    private func adopt(_ id: String, _ file: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        let details = try await run.client.upload(id, listingParts: true)
        let size = file.facts.size
        guard details.size ?? size == size, let partSize = details.partSize else {
            throw ClientError(
                .requestInvalid,
                "The upload \(id.shortened) is of a file of \(details.size ?? 0) bytes; '\(item.source)' has \(size).",
                advice: "Name the file that the upload was begun for."
            )
        }
        var upload = Opened(id: id, plan: PartPlan(size: size, partSize: partSize, reason: "as the upload was begun"))
        try check(upload.plan)
        if let journal {
            if let head = journal.journal.head, head.upload == id, head.identity.isSame(as: journal.identity) {
                upload.acknowledged = journal.journal.parts.filter { $0.key <= upload.plan.parts }
            } else {
                try await begin(journal, upload)
            }
        }
        upload.take(details.parts ?? [])
        return .upload(upload)
    }

    /// The file at the destination, when it has these very bytes.
    ///
    /// - Returns: `nil` when there is none, another one, or one of which the server shows no checksum.
    func sameFileThere(_ file: SourceFile) async throws -> Opening? {
        guard let found = try await run.client.file(named: item.name, in: place), found.size == file.facts.size,
            let checksum = found.checksums?.crc64nvme
        else { return nil }
        let digest = try await run.threads.runIfActive { try file.digest(0..<file.facts.size, md5: false) }
        return digest.crc64.hex == checksum.lowercased() ? .there(found, crc64: digest.crc64, .file) : nil
    }

    private func abortQuietly(_ upload: String) async throws {
        do {
            try await run.client.abortUpload(upload)
        } catch let error as APIError where error.status < 500 {
            // Gone already, or somebody else's by now.
        }
    }
}

extension FileUpload.Opened {
    /// Adds parts that the server lists; what the journal says of them stays.
    mutating func take(_ parts: [UploadDetails.Part]) {
        for part in parts where part.number <= plan.parts {
            reported.insert(part.number)
            if acknowledged[part.number]?.etag.lowercased() != part.etag.lowercased() {
                acknowledged[part.number] = JournalPart(number: part.number, etag: part.etag, crc64: "")
            }
        }
    }
}
