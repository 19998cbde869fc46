import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

/// The error thrown if a file changes on the server during its download.
struct RemoteFileChanged: Error, Sendable {
    let reason: String
}

/// The download of one file: checking for an existing file, downloading the ranges, verifying the checksum and renaming
/// the file.
struct FileDownload: Sendable {
    let file: TransferFile<DownloadItem>
    let options: DownloadOptions

    private var item: DownloadItem { file.item }
    private var client: SevenBridgesClient { file.context.client }
    private var threads: NIOThreadPool { file.context.threads }

    private static let maximumAttempts = 3

    /// Downloads the file.
    ///
    /// Starts over once if the checksum does not match, and up to twice if the file changes on the server.
    ///
    /// - Throws: `.fileChanged` if the file changes a third time; `.checksumMismatch` if the checksum does not match
    ///   again; any other error of the download. The bytes downloaded so far remain on disk if a later run can use
    ///   them.
    func run() async throws -> TransferEnding {
        var details = item
        var attempt = 1
        var wasDamaged = false
        while true {
            if attempt > 1 || details.size == nil { details = try await client.fetchDetails(of: item) }
            let size = try details.validSize()
            file.progress.opened(size: size)
            if let ending = try await existingFileEnding(details, size) { return ending }
            do {
                return try await fetch(details, size)
            } catch let change as RemoteFileChanged {
                guard attempt < Self.maximumAttempts else { throw changed(change) }
                await startOver("The file changed on the server: \(change.reason). The download starts over.")
                attempt += 1
            } catch let error as ClientError where error.code == .checksumMismatch && !wasDamaged {
                // The bytes may have been corrupted in transit.
                await startOver("\(error.message) The download starts over.")
                wasDamaged = true
            }
        }
    }

    private func startOver(_ reason: String) async {
        await file.context.emit(
            .retrying(
                DownloadEvent.Retry(
                    index: file.index,
                    purpose: "download '\(item.remotePath)'",
                    reason: reason,
                    wait: .zero,
                    isOutage: false
                )
            )
        )
    }

    /// Returns the outcome if the file is skipped, or if its target already has the same bytes.
    ///
    /// If the target has the same bytes, also deletes the files that an earlier run left behind.
    ///
    /// - Returns: The outcome; `nil` if the file must be downloaded.
    /// - Throws: The errors of ``ending(of:size:_:)``; `.busy`, `.diskFull` or `.fileUnwritable` if the files that an
    ///   earlier run left behind cannot be deleted.
    private func existingFileEnding(_ details: DownloadItem, _ size: Int64) async throws -> TransferEnding? {
        let policy = options.transfer.conflictPolicy
        return try await threads.runIfActive {
            let ending = try Self.ending(of: details, size: size, policy)
            if case .alreadyThere? = ending?.outcome { try PartialFile.removeLeftovers(details.target) }
            return ending
        }
    }

    /// Returns the outcome if the file is skipped, or if its target already has the same bytes.
    ///
    /// Compares the lengths and the CRC-64/NVME. If the server provides no checksum, an existing file counts as
    /// different. Blocks the calling thread.
    ///
    /// - Returns: The outcome; `nil` if the file must be downloaded.
    /// - Throws: `.nameTaken` if the existing file must not be replaced; `.fileUnreadable` if it cannot be read;
    ///   `.fileChanged` if it becomes shorter in the meantime.
    static func ending(
        of details: DownloadItem,
        size: Int64,
        _ policy: TransferOptions.ConflictPolicy
    ) throws -> TransferEnding? {
        let target = details.target
        guard FileManager.default.fileExists(atPath: target.string) else { return nil }
        if policy == .skip { return TransferEnding(outcome: .skipped) }
        if let expected = details.crc64nvme?.lowercased() {
            let source = try SourceFile(target)
            defer { source.closeAfterReading() }
            if source.facts.size == size {
                let crc64 = try source.digest(0..<size, md5: false).crc64.hex
                if crc64 == expected {
                    return TransferEnding(outcome: .alreadyThere, crc64nvme: crc64, verification: .file)
                }
            }
        }
        guard policy == .overwrite else { throw PartialFile.exists(target) }
        return nil
    }

    private func fetch(_ details: DownloadItem, _ size: Int64) async throws -> TransferEnding {
        let partial = try await threads.runIfActive { [target = item.target] in try PartialFile(target) }
        do {
            return try await fetch(into: partial, details, size)
        } catch {
            // A later run cannot use bytes of another version, or bytes that failed verification.
            let isUseless =
                error is RemoteFileChanged || (error as? ClientError)?.code == .checksumMismatch || partial.isEmpty
            try partial.close(removing: isUseless)
            throw error
        }
    }

    private func fetch(into partial: PartialFile, _ details: DownloadItem, _ size: Int64) async throws -> TransferEnding
    {
        var head = DownloadHead(details, size: size, endpoint: client.endpoint, rangeSize: options.rangeSize)
        var earlier: [Int: JournalPart] = [:]
        if let found = partial.head, options.transfer.resumes, found.isSameFile(as: head) {
            // The checksums in the journal are for ranges of the size that the earlier run used.
            head.rangeSize = found.rangeSize
            earlier = partial.ranges
        } else {
            try await threads.runIfActive { [head] in try partial.begin(head) }
        }
        let ranges = FileRanges(size: size, rangeSize: head.rangeSize)
        await file.announce(
            ranges,
            rangeSize: head.rangeSize,
            resumed: ranges.indices.filter { earlier[$0 + 1] != nil }
        )
        let source = DownloadSource(client: client, item: item, size: size, earlier: earlier)
        let downloader = RangeDownloader(file: file, source: source, partial: partial, ranges: ranges, earlier: earlier)
        let checksums = try await downloader.downloadAll()
        let crc64 = zip(ranges, checksums).reduce(CRC64NVME()) { $0.appending($1.1, length: Int64($1.0.count)) }
        let verification = try Self.verify(
            crc64,
            details.crc64nvme ?? source.declaredCRC64,
            of: item,
            consequence: "The downloaded bytes were removed."
        )
        let isReplacing = options.transfer.conflictPolicy == .overwrite
        let modified = options.transfer.keepsTimes ? details.modified : nil
        try await threads.runIfActive { try partial.finish(replacing: isReplacing, modified: modified) }
        return TransferEnding(outcome: .transferred, crc64nvme: crc64.hex, verification: verification)
    }

    /// Compares the checksum of the downloaded bytes with the file's checksum on the server.
    ///
    /// - Parameters:
    ///   - crc64: The checksum of the downloaded bytes.
    ///   - declared: The file's checksum, in 16 hexadecimal digits; `nil` if neither the API nor the storage provides
    ///     it.
    ///   - item: The file.
    ///   - consequence: A sentence for the error message that says what happened to the downloaded bytes.
    /// - Returns: `.file` if the checksums match; `.size` if there was no checksum to compare.
    /// - Throws: `.checksumMismatch` if the checksums differ.
    static func verify(
        _ crc64: CRC64NVME,
        _ declared: String?,
        of item: DownloadItem,
        consequence: String
    ) throws -> TransferVerification {
        guard let declared else { return .size }
        guard declared.lowercased() == crc64.hex else {
            throw ClientError(
                .checksumMismatch,
                """
                The downloaded copy of '\(item.remotePath)' is corrupt: its CRC-64/NVME is \(declared) on the server \
                and \(crc64.hex) here.
                """,
                advice: """
                    \(consequence) Run the same command again. If this happens again, contact the server's operator.
                    """
            )
        }
        return .file
    }

    private func changed(_ change: RemoteFileChanged) -> ClientError {
        ClientError(
            .fileChanged,
            "'\(item.remotePath)' keeps changing on the server: \(change.reason).",
            advice: "Run the same command again once the file is no longer being replaced."
        )
    }
}

extension DownloadHead {
    /// Creates the head of a new download, increasing `rangeSize` if the file would have more than 4096 ranges.
    init(_ details: DownloadItem, size: Int64, endpoint: Endpoint, rangeSize: Int64) {
        self.init(
            endpoint: endpoint.url,
            file: details.id,
            size: size,
            rangeSize: max(rangeSize, 1, (size + 4095) / 4096),
            crc64: details.crc64nvme?.lowercased()
        )
    }

    /// Returns whether a download with the head `other` can resume the download with this head.
    ///
    /// The endpoint and the file's id, length and checksum must be the same. The ranges of this head must also be large
    /// enough, so that the file has at most about 4096 ranges.
    func isSameFile(as other: DownloadHead) -> Bool {
        let hasUsableRanges = rangeSize >= max(1, size / 4096)
        return hasUsableRanges && endpoint == other.endpoint && file == other.file && size == other.size
            && crc64 == other.crc64
    }
}
