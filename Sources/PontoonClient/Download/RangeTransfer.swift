import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore
import Synchronization

/// The ranges of one file on their way.
final class RangeTransfer: Sendable {
    private struct State {
        var url: String?
        /// The storage's tag, with quotes.
        var etag: String?
        var declaredCRC64: String?
        var receivedBytes: Int64 = 0
        var resumedBytes: Int64 = 0
    }

    private let of: FileDownload
    private let partial: PartialFile
    private let size: Int64
    /// What an earlier run wrote, by number.
    private let earlier: [Int: JournalPart]
    private let state: Mutex<State>
    private let asking = Slots(width: 1)

    private var run: DownloadRun { of.run }
    private var name: String { of.item.remotePath }

    init(_ of: FileDownload, _ partial: PartialFile, size: Int64, earlier: [Int: JournalPart]) {
        self.of = of
        self.partial = partial
        self.size = size
        self.earlier = earlier
        // All of one file: the tag is the same in every line.
        state = Mutex(State(etag: earlier.values.lazy.map(\.etag).first { !$0.isEmpty }))
    }

    /// Bytes that this run received, and bytes of an earlier one that were found intact.
    var amounts: (received: Int64, resumed: Int64) { state.withLock { ($0.receivedBytes, $0.resumedBytes) } }
    /// CRC-64/NVME of the whole file as the storage's answer had it, 16 hex digits.
    var declaredCRC64: String? { state.withLock { $0.declaredCRC64 } }

    /// Brings all ranges to the partial file.
    ///
    /// - Returns: Their checksums, in the order of the ranges.
    func bringAll(_ ranges: [Range<Int64>]) async throws -> [CRC64NVME] {
        try await withThrowingTaskGroup(of: (Int, CRC64NVME).self) { group in
            var waiting = ranges.indices.makeIterator()
            for _ in 0..<run.memory.width {
                guard let index = waiting.next() else { break }
                group.addTask { (index, try await self.bring(index + 1, ranges[index])) }
            }
            var checksums = [CRC64NVME](repeating: CRC64NVME(), count: ranges.count)
            while let (index, crc64) = try await group.next() {
                checksums[index] = crc64
                guard let index = waiting.next() else { continue }
                group.addTask { (index, try await self.bring(index + 1, ranges[index])) }
            }
            return checksums
        }
    }

    private func bring(_ number: Int, _ range: Range<Int64>) async throws -> CRC64NVME {
        // The earlier a file, the more urgent: files end one after the other, not all at the end.
        try await run.slots.acquire(urgency: of.index)
        defer { run.slots.release() }
        if let crc64 = earlier[number].flatMap({ CRC64NVME(hex: $0.crc64) }),
            try await run.threads.runIfActive({ [partial] in try partial.isIntact(range, crc64) })
        {
            state.withLock { $0.resumedBytes += Int64(range.count) }
            run.board.resumed(of.index, bytes: Int64(range.count))
            return crc64
        }
        let arrival = RangeArrival(range, into: partial, threads: run.threads) { [run, of] bytes in
            run.board.moved(of.index, bytes: bytes)
        }
        defer { state.withLock { $0.receivedBytes += arrival.received } }
        try await fetchAgainAndAgain(arrival)
        let crc64 = arrival.crc64
        let etag = state.withLock { $0.etag ?? "" }
        let line = JournalPart(number: number, etag: etag, crc64: crc64.hex)
        try await run.threads.runIfActive { [partial] in try partial.note(line) }
        run.board.storedPart(of.index)
        await run.tell(
            .rangeStored(DownloadEvent.Range(index: of.index, offset: range.lowerBound, size: Int64(range.count)))
        )
        return crc64
    }

    private func fetchAgainAndAgain(_ arrival: RangeArrival) async throws {
        var attempt = 1
        while !arrival.isWhole {
            let before = arrival.received
            let url = try await url()
            let outcome: RetryPolicy.Outcome
            let failure: any Error
            do {
                try await fetch(arrival, from: url)
                continue
            } catch let error as TransportFailure {
                failure = error.error("download '\(name)'", host: "the storage")
                guard let known = error.outcome else { throw failure }
                outcome = known
            } catch let error as StorageRefusal {
                failure = refused(error)
                outcome = .storageRefused(status: error.status, wait: error.wait)
            }
            // What moves is not hopeless.
            if arrival.received > before { attempt = 1 }
            let decision = run.client.transport.settings.retry.decide(
                attempt: attempt,
                outcome: outcome,
                repetition: .harmless,
                jitter: Double.random(in: 0...1)
            )
            switch decision {
            case .giveUp: throw failure
            case .signAgain(let wait):
                // Other ranges may have asked for a new one already.
                state.withLock { if $0.url == url { $0.url = nil } }
                try await pause(wait, failure)
            case .retry(let wait): try await pause(wait, failure)
            }
            attempt += 1
        }
    }

    private func pause(_ wait: Duration, _ failure: any Error) async throws {
        await run.tell(
            .retrying(index: of.index, purpose: "download '\(name)'", reason: "\(failure)", wait: wait)
        )
        try await Task.sleep(for: wait)
    }

    private func url() async throws -> String {
        if let known = state.withLock({ $0.url }) { return known }
        // One range asks, the others wait for what it gets.
        try await asking.acquire(urgency: 0)
        defer { asking.release() }
        if let known = state.withLock({ $0.url }) { return known }
        let url = try await run.client.downloadURL(of.item.fileID, name: name)
        state.withLock { $0.url = url }
        return url
    }

    private func refused(_ error: StorageRefusal) -> ClientError {
        ClientError(
            .storageRefused,
            "The storage refused '\(name)' with \(error.status): \(error.message)",
            advice: error.status == 403
                ? "If it goes on, compare this machine's clock with the server's: 'pontoon doctor'."
                : "Run the same command again; if it goes on, ask the server's operator."
        )
    }
}

extension RangeTransfer {
    /// Fetches what is missing of a range; there is no limit for the whole, only for standing still.
    private func fetch(_ arrival: RangeArrival, from url: String) async throws {
        let limit = run.client.transport.settings.stallTimeout
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.receive(arrival, from: url)
                return true
            }
            group.addTask {
                while arrival.waitingTime < limit { try await Task.sleep(for: min(limit / 4, .seconds(2))) }
                return false
            }
            defer { group.cancelAll() }
            guard try await group.next() == true else {
                throw TransportFailure(kind: .timedOut, reason: "no byte moved for \(limit)")
            }
        }
    }

    private func receive(_ arrival: RangeArrival, from url: String) async throws {
        let missing = arrival.missing
        let known = state.withLock { $0.etag }
        var request = HTTPClientRequest(url: url)
        request.headers = [
            "User-Agent": run.client.transport.settings.userAgent, "Accept-Encoding": "identity",
            "Range": "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)",
        ]
        // A weak tag does not promise the same bytes.
        if let known, !known.hasPrefix("W/") { request.headers.add(name: "If-Range", value: known) }
        arrival.waits()
        let response = try await run.client.transport.open(request)
        run.client.clock.note(response.headers.first(name: "Date"))
        try await check(response, known: known, missing)
        try note(response.headers, missing)
        try await translatingFailures {
            var bytes = response.body.makeAsyncIterator()
            do {
                while true {
                    arrival.waits()
                    guard let chunk = try await bytes.next() else { break }
                    arrival.moves()
                    try await run.bucket?.take(chunk.readableBytes)
                    try await arrival.take(chunk, flushingAt: run.memory.chunk)
                }
                try await arrival.flush()
            } catch {
                // What came before the connection broke need not come again.
                if !Task.isCancelled { try await arrival.flush() }
                throw error
            }
        }
        guard arrival.isWhole else {
            throw TransportFailure(kind: .connectionLost, reason: "the answer ended early")
        }
    }

    /// Whether these are the bytes that were asked for.
    private func check(_ response: HTTPClientResponse, known: String?, _ missing: Range<Int64>) async throws {
        let headers = response.headers
        let status = Int(response.status.code)
        if [200, 206, 416].contains(status), let known, let now = headers.first(name: "ETag"), now != known {
            throw RemoteFileChanged(how: "its tag was \(known) and is \(now)")
        }
        switch status {
        case 206:
            let expected = "bytes \(missing.lowerBound)-\(missing.upperBound - 1)/"
            guard let range = headers.first(name: "Content-Range"), range.lowercased().hasPrefix(expected) else {
                throw TransportFailure(kind: .connectionLost, reason: "the answer has other bytes than were asked for")
            }
            if let total = Int64(range.dropFirst(expected.count)), total != size {
                throw RemoteFileChanged(how: "it had \(size) bytes and has \(total)")
            }
        case 200 where missing == 0..<size:
            let length = headers.first(name: "Content-Length").flatMap { Int64($0) }
            guard length ?? size == size else {
                throw RemoteFileChanged(how: "it had \(size) bytes and has \(length ?? 0)")
            }
        case 200 where known != nil && headers.first(name: "ETag") == nil:
            throw RemoteFileChanged(how: "the storage sends it whole")
        case 200:
            throw ClientError(
                .storageRefused,
                "The storage sends '\(name)' only as a whole, not in ranges.",
                advice: "Something between here and there may take the ranges out of requests: try without a proxy."
            )
        case 416:
            throw RemoteFileChanged(how: "it has fewer than \(size) bytes")
        default:
            let body = try await translatingFailures { try await response.body.collect(upTo: 1 << 20) }
            throw StorageRefusal(HTTPAnswer(status: status, headers: headers, body: body))
        }
    }

    /// Remembers the tag, so that no later answer mixes another file in, and a checksum of the whole file.
    private func note(_ headers: HTTPHeaders, _ missing: Range<Int64>) throws {
        // Of a range some storages declare the checksum of that range.
        let isOfWhole = missing == 0..<size || headers.first(name: "x-amz-checksum-type") == "FULL_OBJECT"
        let declared = isOfWhole ? headers.first(name: "x-amz-checksum-crc64nvme") : nil
        let etag = headers.first(name: "ETag")
        let known = state.withLock { state in
            if let crc64 = declared.flatMap({ CRC64NVME(base64: $0) }) { state.declaredCRC64 = crc64.hex }
            state.etag = state.etag ?? etag
            return state.etag
        }
        // Two ranges may have been the first at once.
        if let etag, let known, etag != known {
            throw RemoteFileChanged(how: "its tag was \(known) and is \(etag)")
        }
    }
}
