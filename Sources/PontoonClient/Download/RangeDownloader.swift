import NIOPosix
import PontoonCore

/// A downloader of one file's byte ranges, which keeps the intact ranges of an earlier run and requests all others.
struct RangeDownloader: Sendable {
    let file: TransferFile<DownloadItem>
    let source: DownloadSource
    let partial: PartialFile
    let ranges: FileRanges
    /// Ranges that an earlier run wrote, by number.
    let earlier: [Int: JournalPart]

    private var context: TransferContext<DownloadItem> { file.context }

    /// Verifies the ranges of an earlier run, and downloads all ranges that are missing or fail the verification.
    ///
    /// - Returns: The checksums of all ranges, in order.
    /// - Throws: The errors of ``RangeFetcher/fetch(_:)``; `.diskFull` or `.fileUnwritable` if the file or its journal
    ///   cannot be used.
    func downloadAll() async throws -> [CRC64NVME] {
        guard !ranges.isEmpty else { return [] }
        return try await file.mapParts(Array(1...ranges.count)) { number in
            if let crc64 = try await verifyStored(number) { return crc64 }
            return try await download(number)
        }
    }

    private func verifyStored(_ number: Int) async throws -> CRC64NVME? {
        let range = ranges[number - 1]
        guard let crc64 = earlier[number].flatMap({ CRC64NVME(hex: $0.crc64) }),
            try await context.threads.runIfActive({ [partial] in try partial.isIntact(range, crc64) })
        else { return nil }
        file.progress.resumedPart(size: Int64(range.count))
        return crc64
    }

    private func download(_ number: Int) async throws -> CRC64NVME {
        let range = ranges[number - 1]
        let writer = RangeWriter(range, into: partial, context: context, written: file.progress.transferred)
        try await RangeFetcher(file: file, source: source).fetch(writer)
        let (crc64, etag) = (writer.crc64, source.etag ?? "")
        let line = JournalPart(number: number, etag: etag, crc64: crc64.hex)
        try await context.threads.runIfActive { [partial] in try partial.append(line) }
        await file.announce(range, number, source)
        return crc64
    }
}
