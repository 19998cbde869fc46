import Foundation
import NIOPosix
import PontoonCore
import SystemPackage

/// The file at the server is no longer the one whose bytes were being fetched.
struct RemoteFileChanged: Error, Sendable {
    /// In words.
    let how: String
}

/// The download of one file, from its opening to its verified end.
struct FileDownload: Sendable {
    let run: DownloadRun
    /// Position in the list of items.
    let index: Int
    let item: DownloadItem

    /// Downloads the file.
    ///
    /// - Returns: How it ended; errors are in it.
    func download() async -> DownloadResult {
        var result = DownloadResult(index: index, item: item, outcome: .cancelled)
        do {
            try await download(&result)
        } catch is CancellationError {
            result.outcome = .cancelled
        } catch {
            result.outcome = Task.isCancelled ? .cancelled : .failed(error)
        }
        run.board.end(index, size: result.size, isThere: result.isThere)
        return result
    }

    private func download(_ result: inout DownloadResult) async throws {
        var known = item
        var attempt = 1
        while true {
            if attempt > 1 || known.size == nil { known = try await look() }
            guard let size = known.size else { throw unsized() }
            result.size = size
            if let outcome = try await there(known, size, &result) {
                result.outcome = outcome
                return
            }
            do {
                try await fetch(known, size, &result)
                return
            } catch let change as RemoteFileChanged {
                guard attempt < 3 else { throw changed(change) }
                await run.tell(
                    .retrying(
                        index: index,
                        purpose: "download '\(item.remotePath)'",
                        reason: "The file changed at the server: \(change.how). It is fetched from its beginning.",
                        wait: .zero
                    )
                )
                attempt += 1
            }
        }
    }

    private func look() async throws -> DownloadItem {
        let details = try await run.client.file(item.fileID)
        guard !details.isFolder else {
            throw ClientError(
                .requestInvalid,
                "'\(item.remotePath)' is a folder.",
                advice: "'pontoon ls' shows what is in it; 'pontoon download' takes folders too."
            )
        }
        return DownloadItem(details, remotePath: item.remotePath, target: item.target)
    }

    /// What lies at the target decides, before anything is fetched.
    ///
    /// - Returns: `nil` when the file is to be fetched.
    private func there(
        _ known: DownloadItem,
        _ size: Int64,
        _ result: inout DownloadResult
    ) async throws -> DownloadResult.Outcome? {
        let options = run.options
        let target = item.target
        guard try await run.threads.runIfActive({ FileManager.default.fileExists(atPath: target.string) }) else {
            return nil
        }
        if options.skipExisting { return .skipped }
        let crc64 = try await run.threads.runIfActive { () -> CRC64NVME? in
            guard known.crc64nvme != nil else { return nil }
            let file = try SourceFile(target)
            defer { Self.close(file) }
            return file.facts.size == size ? try file.digest(0..<size, md5: false).crc64 : nil
        }
        if let crc64, crc64.hex == known.crc64nvme?.lowercased() {
            try await run.threads.runIfActive { try PartialFile.tidy(target) }
            result.crc64nvme = crc64.hex
            result.verification = .file
            return .alreadyThere
        }
        guard options.overwrite else { throw PartialFile.exists(target) }
        return nil
    }

    /// Closes a file that was only read: there is nothing that could be lost.
    private static func close(_ file: SourceFile) {
        do { try file.close() } catch {}
    }

    private func fetch(_ known: DownloadItem, _ size: Int64, _ result: inout DownloadResult) async throws {
        let partial = try await run.threads.runIfActive { [target = item.target] in try PartialFile(target) }
        do {
            try await fetch(partial, known, size, &result)
        } catch {
            // Bytes of another file, or other bytes than the server says it has, are of no use to a later run.
            let isUseless =
                error is RemoteFileChanged || (error as? ClientError)?.code == .checksumMismatch
                || (result.receivedBytes + result.resumedBytes == 0 && partial.ranges.isEmpty)
            try partial.close(removing: isUseless)
            throw error
        }
    }

    private func fetch(
        _ partial: PartialFile,
        _ known: DownloadItem,
        _ size: Int64,
        _ result: inout DownloadResult
    ) async throws {
        var head = DownloadHead(
            endpoint: run.client.endpoint.url,
            file: item.fileID,
            size: size,
            rangeSize: max(run.options.rangeSize, 1, (size + 4095) / 4096),
            crc64: known.crc64nvme?.lowercased()
        )
        var earlier: [Int: JournalPart] = [:]
        if let found = partial.head, !run.options.startsAfresh, found.isSameFile(as: head) {
            // Cut as it was: only then the checksums fit.
            head.rangeSize = found.rangeSize
            earlier = partial.ranges
        } else {
            try await run.threads.runIfActive { [head] in try partial.begin(head) }
        }
        let ranges = Self.ranges(size: size, rangeSize: head.rangeSize)
        let transfer = RangeTransfer(self, partial, size: size, earlier: earlier)
        await announce(ranges, earlier)
        defer { (result.receivedBytes, result.resumedBytes) = transfer.amounts }
        let pieces = try await transfer.bringAll(ranges)
        let crc64 = zip(ranges, pieces).reduce(CRC64NVME()) { $0.appending($1.1, length: Int64($1.0.count)) }
        result.crc64nvme = crc64.hex
        result.verification = try compare(crc64, known.crc64nvme ?? transfer.declaredCRC64)
        let replacing = run.options.overwrite
        try await run.threads.runIfActive { try partial.finish(replacing: replacing) }
        result.outcome = .downloaded
    }

    private func announce(_ ranges: [Range<Int64>], _ earlier: [Int: JournalPart]) async {
        let size = ranges.last?.upperBound ?? 0
        let resumed = ranges.indices.filter { earlier[$0 + 1] != nil }.map { ranges[$0] }
        run.board.start(index, size: size, parts: ranges.count)
        await run.tell(
            .started(
                DownloadEvent.Start(
                    index: index,
                    item: item,
                    size: size,
                    ranges: ranges.count,
                    resumedRanges: resumed.count,
                    resumedBytes: resumed.reduce(0) { $0 + Int64($1.count) }
                )
            )
        )
    }

    private func compare(_ crc64: CRC64NVME, _ declared: String?) throws -> DownloadResult.Verification {
        guard let declared else { return .size }
        guard declared.lowercased() == crc64.hex else {
            throw ClientError(
                .checksumMismatch,
                "'\(item.remotePath)' arrived differently: CRC-64/NVME \(declared) at the server, \(crc64.hex) here.",
                advice:
                    "What arrived was removed. Run the same command again; if it goes on, ask the server's operator."
            )
        }
        return .file
    }

    /// Cuts a file into ranges; an empty one has none.
    static func ranges(size: Int64, rangeSize: Int64) -> [Range<Int64>] {
        stride(from: 0, to: size, by: Int64.Stride(rangeSize)).map { $0..<min(size, $0 + rangeSize) }
    }

    private func unsized() -> ClientError {
        ClientError(
            .answerUnreadable,
            "The server does not say how long '\(item.remotePath)' is.",
            advice: "Ask its operator."
        )
    }

    private func changed(_ change: RemoteFileChanged) -> ClientError {
        ClientError(
            .fileChanged,
            "'\(item.remotePath)' changes at the server again and again: \(change.how).",
            advice: "Run the same command again when nobody replaces it."
        )
    }
}

extension DownloadHead {
    /// Whether what was fetched belongs to the file that is wanted now.
    fileprivate func isSameFile(as other: DownloadHead) -> Bool {
        endpoint == other.endpoint && file == other.file && size == other.size && crc64 == other.crc64 && rangeSize > 0
    }
}
