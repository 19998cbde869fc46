import NIOPosix
import PontoonCore

/// The bytes of one part: a range of a local or temporary file.
struct PartSlice: Sendable {
    let source: SourceFile
    let range: Range<Int64>
    /// Offset of the part in the uploaded file, in bytes.
    ///
    /// For a stream, ``range`` is relative to the part's own temporary file instead.
    let offset: Int64
}

/// The uploader of one file's parts, which verifies the acknowledged parts and sends all others.
struct PartUploader: Sendable {
    let file: TransferFile<UploadItem>
    let upload: OpenUpload
    let job: UploadJob
    private let journal: OpenJournal?
    private let urls: PartURLCache
    private let reporter: PartReporter

    init(
        job: UploadJob,
        file: TransferFile<UploadItem>,
        upload: OpenUpload,
        journal: OpenJournal?
    ) {
        self.job = job
        self.file = file
        self.upload = upload
        self.journal = journal
        urls = PartURLCache(client: job.client, server: job.server, upload: upload)
        reporter = PartReporter(client: job.client, server: job.server, upload: upload)
    }

    /// Sends the parts of a file, except acknowledged parts that match the file.
    ///
    /// - Returns: All parts of the file, in order.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func uploadAll(of source: SourceFile) async throws -> [VerifiedPart] {
        try await file.mapParts(Array(1...upload.plan.parts)) { number in
            if let part = try await verifyStored(number, source) { return part }
            return try await send(number, slice(number, of: source))
        }
    }

    /// Resends parts that are missing on the server.
    ///
    /// - Returns: The parts that were resent, in the order of `numbers`.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func resend(_ numbers: [Int], of source: SourceFile) async throws -> [VerifiedPart] {
        try await file.mapParts(numbers) { try await send($0, slice($0, of: source)) }
    }

    private func slice(_ number: Int, of source: SourceFile) -> PartSlice {
        let range = upload.plan.range(number)
        return PartSlice(source: source, range: range, offset: range.lowerBound)
    }

    /// Compares an acknowledged part with the current content of the file, and reports the part if it matches.
    ///
    /// - Returns: The part; `nil` if it must be sent, because it was not acknowledged, differs or cannot be compared.
    private func verifyStored(_ number: Int, _ source: SourceFile) async throws -> VerifiedPart? {
        guard let known = upload.acknowledged[number] else { return nil }
        let range = upload.plan.range(number)
        let digest = try await job.threads.runIfActive {
            try source.digest(range, md5: known.etag.utf8.count == 32)
        }
        let match = digest.compare(known.etag)
        // If the ETag is not a checksum, use the journal's checksum of the bytes that were sent.
        guard match == .same || (match != .different && known.crc64 == digest.crc64.hex) else { return nil }
        let part = VerifiedPart(
            number: number,
            size: digest.size,
            etag: known.etag,
            crc64: digest.crc64,
            isVerified: match == .same
        )
        file.progress.resumedPart(size: part.size)
        try await reporter.report(part)
        return part
    }

    /// Sends a part with retries, records it in the journal and reports it.
    ///
    /// - Returns: The stored part.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func send(_ number: Int, _ slice: PartSlice) async throws -> VerifiedPart {
        try await file.withRetries(purpose: "send part \(number)") { error in
            classify(error, number)
        } refreshURL: {
            urls.invalidate(number)
        } _: {
            reporter.invalidate(number)
            let info = try await urls.info(number)
            let part = try await sendHedged(number, slice, to: info)
            file.progress.storedPart()
            try await record(part)
            try await reporter.report(part)
            await file.context.emit(
                .partStored(
                    UploadEvent.Part(
                        index: file.index,
                        number: number,
                        offset: slice.offset,
                        size: part.size,
                        etag: part.etag
                    )
                )
            )
            return part
        }
    }

    private func record(_ part: VerifiedPart) async throws {
        guard let journal else { return }
        let line = JournalPart(number: part.number, etag: part.etag, crc64: part.crc64.hex)
        try await job.threads.runIfActive { try journal.journal.append(line) }
    }

    private func classify(_ error: any Error, _ number: Int) -> FailedAttempt? {
        let subject = "part \(number) of '\(file.item.source)'"
        switch error {
        case is PartChecksumMismatch:
            return FailedAttempt(
                outcome: .checksumMismatch,
                error: ClientError(
                    .checksumMismatch,
                    "The storage's checksum of \(subject) does not match the bytes that were sent.",
                    advice: """
                        Memory, a disk or a proxy may be corrupting data. Check them, then run the same command again.
                        """
                )
            )
        case let error as APIError where error.code == 8014:
            // Code 8014: the server did not find the reported part in the storage.
            return FailedAttempt(outcome: .checksumMismatch, error: error)
        default:
            return FailedAttempt(storageError: error, action: "send", subject: subject)
        }
    }
}
