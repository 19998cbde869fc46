import NIOCore
import PontoonCore
import Synchronization

extension Downloader {
    /// Downloads files to a stream, one after another, without storing them on disk.
    ///
    /// The ranges of a file are requested concurrently and stored in memory until all bytes before them have been
    /// written. ``TransferOptions/maximumMemory`` limits the memory.
    ///
    /// If a file fails, the other files are still downloaded, unless the token is not valid. Some or all bytes of the
    /// failed file may already have been written, because the checksum is compared only after the last byte was
    /// written. If the task is cancelled, the unfinished files have the outcome ``TransferOutcome/cancelled``.
    ///
    /// - Parameters:
    ///   - items: The files, in the order in which they are written. Nothing is stored at their targets.
    ///   - write: Writes the next bytes to the stream. If it throws an error, the current file fails with this error.
    ///   - observe: Consumes progress events. The transfer applies back-pressure while events are not consumed.
    /// - Returns: The result of each file, in the order of `items`.
    /// - Throws: An error only if the threads of the run cannot be stopped.
    public func stream(
        _ items: [DownloadItem],
        to write: @escaping @Sendable ([UInt8]) async throws -> Void,
        observe: @Sendable (DownloadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [DownloadResult] {
        try await TransferContext.withContext(
            for: client,
            options: options.transfer,
            automatic: AutomaticConcurrency(limit: 32),
            board: ProgressBoard(sizes: items.map { max(0, $0.size ?? 0) }),
            observe: observe
        ) { context in
            await context.emitBegan()
            return try await context.run(StreamJob(context: context, options: options, items: items, write: write))
        }
    }
}

/// The downloads of one run that writes to a stream.
private struct StreamJob: TransferJob {
    let context: TransferContext<DownloadItem>
    let options: DownloadOptions
    let items: [DownloadItem]
    let write: @Sendable ([UInt8]) async throws -> Void

    // The files are written one after another.
    let maximumOpenFiles = 1
    let opensFilesUnderPermit = false

    func start(_ file: TransferFile<DownloadItem>) -> TransferStart {
        if let problem = file.item.problem { return .ended(TransferEnding(outcome: .failed(problem))) }
        let window = StreamWindow(options, context.memory)
        return .transfer { try await StreamDownload(file: file, window: window, write: write).run() }
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsToken }
}

/// The division of the memory limit among the ranges of a streamed file.
struct StreamWindow: Hashable, Sendable {
    /// Length of every range but the last, in bytes.
    let rangeSize: Int64
    /// Maximum number of ranges that are requested or stored in memory at the same time.
    let ranges: Int

    /// Maximum length of a range, in bytes.
    ///
    /// With a larger maximum, more time would pass before the first byte is written, because a range is written only
    /// when it is complete.
    private static let longestRange: Int64 = 4 << 20

    init(_ options: DownloadOptions, _ memory: MemoryBudget) {
        let available = Int64(max(options.transfer.maximumMemory.addingClamped(-MemoryBudget.base), 8 << 20))
        rangeSize = max(1, min(options.rangeSize, Self.longestRange, available / 8))
        let perRange = rangeSize + Int64(memory.chunkSize * MemoryBudget.chunksPerPart)
        ranges = max(1, min(memory.concurrency, Int(clamping: available / perRange)))
    }
}

/// The download of one file to a stream.
private struct StreamDownload: Sendable {
    /// A downloaded range.
    private struct Piece: Sendable {
        let bytes: [UInt8]
        let crc64: CRC64NVME
    }

    let file: TransferFile<DownloadItem>
    let window: StreamWindow
    let write: @Sendable ([UInt8]) async throws -> Void

    private var item: DownloadItem { file.item }

    /// Downloads the file.
    ///
    /// - Throws: `.fileChanged` if the file changes on the server; `.checksumMismatch`; any other error of the
    ///   download.
    func run() async throws -> TransferEnding {
        let details = item.size == nil ? try await file.context.client.fetchDetails(of: item) : item
        let size = try details.validSize()
        file.progress.opened(size: size)
        let source = DownloadSource(client: file.context.client, item: item, size: size, earlier: [:])
        let ranges = FileRanges(size: size, rangeSize: window.rangeSize)
        await file.announce(ranges, rangeSize: window.rangeSize)
        let crc64: CRC64NVME
        do {
            crc64 = try await copy(ranges, from: source)
        } catch let change as RemoteFileChanged {
            throw ClientError(
                .fileChanged,
                "'\(item.remotePath)' changed on the server during its download: \(change.reason).",
                advice: "Discard the output and run the same command again."
            )
        }
        let verification = try FileDownload.verify(
            crc64,
            details.crc64nvme ?? source.declaredCRC64,
            of: item,
            consequence: "Discard the output."
        )
        return TransferEnding(outcome: .transferred, crc64nvme: crc64.hex, verification: verification)
    }

    /// Writes the ranges to the stream in order, while later ranges are being downloaded.
    ///
    /// - Returns: The checksum of the whole file.
    private func copy(_ ranges: FileRanges, from source: DownloadSource) async throws -> CRC64NVME {
        var crc64 = CRC64NVME()
        try await forEachInOrder(ranges.enumerated(), limit: window.ranges) { index, range in
            try await fetch(index + 1, range, from: source)
        } _: { piece in
            try await write(piece.bytes)
            crc64 = crc64.appending(piece.crc64, length: Int64(piece.bytes.count))
        }
        return crc64
    }

    private func fetch(_ number: Int, _ range: Range<Int64>, from source: DownloadSource) async throws -> Piece {
        let pieces = try await file.mapParts([number]) { _ in
            let memory = RangeMemory(range)
            let writer = RangeWriter(range, into: memory, context: file.context, written: file.progress.transferred)
            try await RangeFetcher(file: file, source: source).fetch(writer)
            return Piece(bytes: memory.bytes, crc64: writer.crc64)
        }
        await file.announce(range, number, source)
        return pieces[0]
    }
}

/// A destination that stores the bytes of a range in memory.
private final class RangeMemory: RangeDestination {
    private let state: Mutex<[UInt8]>

    init(_ range: Range<Int64>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        state = Mutex(bytes)
    }

    /// The bytes written so far.
    var bytes: [UInt8] { state.withLock { $0 } }

    /// Appends bytes, ignoring the offset, because ``RangeWriter`` writes in order.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        state.withLock { $0.append(contentsOf: bytes) }
    }
}
