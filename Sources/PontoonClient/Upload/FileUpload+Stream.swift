import NIOPosix
import PontoonCore

extension FileUpload {
    /// Maximum number of parts that are stored in temporary files at the same time, unless the user chose a
    /// concurrency.
    private static let maximumSpooledParts = 8
    /// Timeout for aborting a failed upload.
    ///
    /// An upload that is not aborted in time expires later.
    private static let abortTimeout: Duration = .seconds(15)

    /// Uploads a stream.
    ///
    /// Aborts the upload if an error occurs, because it cannot be resumed. If the stream ends within the first part,
    /// declares its length, because not every server accepts an upload of unknown length.
    ///
    /// - Throws: `.requestInvalid` for a part size outside the limits; `.fileUnsuitable` for a stream that is too long;
    ///   `.diskFull` or `.fileUnwritable` for a temporary file; ``APIError``, ``ClientError``; any error of the stream.
    func run(_ stream: UploadStream) async throws -> TransferEnding {
        var spooler = PartSpooler(stream, threads: threads)
        let firstSize = job.options.partSize ?? StreamPartSizes.defaultFirst
        try Self.check(partSize: firstSize)
        let first = try await spooler.part(of: firstSize)
        let upload: OpenUpload
        do {
            let size = try await spooler.isAtEnd() ? first.facts.size : nil
            upload = try await startStream(size: size, partSize: firstSize)
        } catch {
            first.closeAfterReading()
            throw error
        }
        do {
            let parts = try await send(first, &spooler, to: upload)
            file.progress.verifying()
            await file.context.emit(.verifying(index: file.index))
            let details = try await requestCompletion(upload.id, parts)
            let completed = try verified(details, parts, size: spooler.readBytes)
            return try await finish(completed, nil, nil, outcome: .transferred)
        } catch {
            await abortAlways(upload.id)
            throw error
        }
    }

    private static func check(partSize: Int64) throws(ClientError) {
        let sizes = PartPlan.Limits().smallestPart...PartSizing.maximumPartSize
        guard sizes.contains(partSize) else {
            throw ClientError(
                .requestInvalid,
                "A part size of \(partSize) bytes is not allowed.",
                advice: "Choose \(sizes.lowerBound) to \(sizes.upperBound) bytes (5 MiB to 5 GiB)."
            )
        }
    }

    private func startStream(size: Int64?, partSize: Int64) async throws -> OpenUpload {
        var start = UploadStart(destination: destination, name: item.name, size: size)
        start.partSize = partSize
        // Replacement is requested only if the name is known to be taken, because a token with the scope `upload`
        // cannot replace files.
        start.overwrite = job.options.transfer.conflictPolicy == .overwrite && existing != nil
        if job.server.acceptsLabels { (start.tags, start.metadata) = (item.tags, item.metadata) }
        if job.server.providesPartInfos { start.partInfos = size == nil ? 100 : 1 }
        let details: UploadDetails
        do {
            details = try await begin(start)
        } catch let error as APIError where size == nil && error.status == 400 {
            throw ClientError(
                .requestInvalid,
                "\(client.endpoint) refused the upload: \(error.message)",
                advice: "If the server needs to know the length, write the data to a file and upload the file."
            )
        }
        // The server's part size is ignored, because parts of any length can be concatenated. The plan contains the
        // length of the first parts; later parts may be longer.
        let plan = PartPlan(size: size ?? PartSizing.maximumFileSize, partSize: partSize, reason: "of a stream")
        file.progress.started(parts: size == nil ? 0 : 1, uploadID: details.id)
        await file.context.emit(
            .started(
                UploadEvent.Start(
                    index: file.index,
                    item: item,
                    size: size ?? 0,
                    parts: size == nil ? 0 : 1,
                    partSize: partSize,
                    resumedParts: 0,
                    resumedBytes: 0,
                    uploadID: details.id
                )
            )
        )
        return OpenUpload(id: details.id, plan: plan, partInfos: details.partInfos ?? [])
    }

    private func begin(_ start: UploadStart) async throws -> UploadDetails {
        var attempt = startAttempt(start)
        while true {
            do {
                return try await client.startUpload(attempt.start)
            } catch let error as APIError where error.code == 8005 {
                try attempt.next(after: error)
            }
        }
    }

    /// Sends all parts of a stream, beginning with `first`.
    ///
    /// - Returns: The parts in order.
    private func send(
        _ first: SourceFile,
        _ spooler: inout PartSpooler,
        to upload: OpenUpload
    ) async throws -> [VerifiedPart] {
        file.permit.release()
        let uploader = PartUploader(job: job, file: file, upload: upload, journal: nil)
        let limit = job.options.transfer.concurrency == .automatic ? Self.maximumSpooledParts : .max
        return try await withThrowingTaskGroup(of: VerifiedPart.self) { group in
            var (number, active, stored) = (1, 0, [VerifiedPart]())
            var next: SourceFile? = first
            while let part = next {
                file.progress.opened(size: spooler.readBytes)
                let offset = spooler.readBytes - part.facts.size
                group.addTask { [number] in try await send(part, number, at: offset, uploader) }
                (number, active) = (number + 1, active + 1)
                if active == min(limit, file.context.memory.concurrency), let done = try await group.next() {
                    stored.append(done)
                    active -= 1
                }
                next = try await self.next(&spooler, number, upload.plan.partSize)
            }
            for try await part in group { stored.append(part) }
            return stored.sorted { $0.number < $1.number }
        }
    }

    private func send(
        _ part: SourceFile,
        _ number: Int,
        at offset: Int64,
        _ uploader: PartUploader
    ) async throws -> VerifiedPart {
        try await withClosing(part, close: { try $0.close() }) { part in
            let slice = PartSlice(source: part, range: 0..<part.facts.size, offset: offset)
            return try await file.mapParts([number]) { try await uploader.send($0, slice) }[0]
        }
    }

    /// Reads the next part of a stream; returns `nil` at its end.
    ///
    /// - Throws: `.fileUnsuitable` if the stream continues after 10,000 parts or 5 TiB; the errors of ``PartSpooler``.
    private func next(
        _ spooler: inout PartSpooler,
        _ number: Int,
        _ firstSize: Int64
    ) async throws -> SourceFile? {
        if try await spooler.isAtEnd() { return nil }
        guard number <= PartNumber.limits.upperBound, spooler.readBytes < PartSizing.maximumFileSize else {
            throw ClientError(
                .fileUnsuitable,
                "The stream is longer than the \(spooler.readBytes) bytes that fit into this upload.",
                advice: "Use a larger --part-size, or split the stream; the API accepts at most 5 TiB."
            )
        }
        return try await spooler.part(of: StreamPartSizes(first: firstSize).size(number))
    }

    /// Aborts an upload even if the task is cancelled, and waits up to ``abortTimeout`` for the response.
    ///
    /// A failure is ignored: the original error is more important, and the upload expires.
    private func abortAlways(_ upload: String) async {
        let abort = Task {
            try await withTimeout(Self.abortTimeout) { try await client.abortUpload(upload) }
        }
        _ = await abort.result
    }
}
