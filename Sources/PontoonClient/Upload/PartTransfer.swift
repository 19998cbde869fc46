import Foundation
import NIOPosix
import PontoonCore
import Synchronization

/// The parts of one upload on their way.
final class PartTransfer: Sendable {
    private struct State {
        var infos: [Int: PartInfo] = [:]
        var sentNumbers: Set<Int> = []
        var sentBytes: Int64 = 0
        var reported: Set<Int>
    }

    let upload: FileUpload.Opened
    let file: SourceFile
    let of: FileUpload
    private let journal: OpenJournal?
    private let lease: SlotLease
    private let state: Mutex<State>

    var run: UploadRun { of.run }

    init(
        _ of: FileUpload,
        _ upload: FileUpload.Opened,
        _ file: SourceFile,
        _ journal: OpenJournal?,
        _ lease: SlotLease
    ) {
        self.of = of
        self.upload = upload
        self.file = file
        self.journal = journal
        self.lease = lease
        var state = State(reported: upload.reported)
        for info in upload.infos {
            if let number = info.number { state.infos[number] = info }
        }
        self.state = Mutex(state)
    }

    /// Bytes that were sent, those sent twice included.
    var sentBytes: Int64 { state.withLock { $0.sentBytes } }
    /// Whether this run sent a part.
    func wasSent(_ part: StoredPart) -> Bool { state.withLock { $0.sentNumbers.contains(part.number) } }

    /// Brings all parts to the storage.
    ///
    /// - Returns: The parts by number.
    func sendAll() async throws -> [StoredPart] { try await send(Array(1...upload.plan.parts)) }

    /// Brings some parts to the storage; those that are there already only have to be compared.
    ///
    /// - Returns: The parts by number.
    func send(_ numbers: [Int]) async throws -> [StoredPart] {
        if numbers.count == 1 { return [try await inSlot { try await self.bring(numbers[0]) }] }
        return try await withThrowingTaskGroup(of: StoredPart.self) { group in
            var waiting = numbers.makeIterator()
            for _ in 0..<run.memory.width {
                guard let number = waiting.next() else { break }
                group.addTask { try await self.inSlot { try await self.bring(number) } }
            }
            var stored: [StoredPart] = []
            stored.reserveCapacity(numbers.count)
            while let part = try await group.next() {
                stored.append(part)
                guard let number = waiting.next() else { continue }
                group.addTask { try await self.inSlot { try await self.bring(number) } }
            }
            return stored.sorted { $0.number < $1.number }
        }
    }

    /// Sends parts once more, whatever is known of them.
    ///
    /// - Returns: The parts by number.
    func resend(_ numbers: [Int]) async throws -> [StoredPart] {
        state.withLock { state in
            state.sentNumbers.formUnion(numbers)
            state.reported.subtract(numbers)
        }
        return try await send(numbers)
    }

    private func inSlot<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard lease.isGivenBack else { return try await body() }
        // The earlier a file, the more urgent: files end one after the other, not all at the end.
        try await run.slots.acquire(urgency: of.index)
        defer { run.slots.release() }
        return try await body()
    }

    private func bring(_ number: Int) async throws -> StoredPart {
        if let known = upload.acknowledged[number], !state.withLock({ $0.sentNumbers.contains(number) }),
            let part = try await compare(known)
        {
            run.board.resumed(of.index, bytes: part.size)
            try await report(part)
            return part
        }
        return try await sendAgainAndAgain(number)
    }

    /// Compares a part that was acknowledged earlier with the file as it is now, by reading the file.
    ///
    /// - Returns: `nil` when it has to be sent.
    private func compare(_ known: JournalPart) async throws -> StoredPart? {
        let range = range(known.number)
        let digest = try await run.threads.runIfActive { [file] in
            try file.digest(range, md5: known.etag.utf8.count == 32)
        }
        let match = digest.compare(known.etag)
        // A tag that is no checksum: what was sent under it is known.
        guard match == .same || (match != .different && known.crc64 == digest.crc64.hex) else { return nil }
        return StoredPart(
            number: known.number,
            size: digest.size,
            etag: known.etag,
            crc64: digest.crc64,
            isVerified: match == .same
        )
    }

    func range(_ number: Int) -> Range<Int64> {
        PartPlan.range(number, size: upload.plan.size, partSize: upload.plan.partSize)
    }

    private func sendAgainAndAgain(_ number: Int) async throws -> StoredPart {
        var attempt = 1
        while true {
            let outcome: RetryPolicy.Outcome
            let failure: any Error
            do {
                let part = try await sendOnce(number)
                run.board.storedPart(of.index)
                try await note(part)
                try await report(part)
                await run.tell(
                    .partStored(
                        UploadEvent.Part(index: of.index, number: number, size: part.size, etag: part.etag)
                    )
                )
                return part
            } catch let error as TransportFailure {
                failure = error.error("send part \(number) of '\(of.item.source)'", host: "the storage")
                guard let known = error.outcome else { throw failure }
                outcome = known
            } catch let error as StorageRefusal {
                failure = refused(number, error)
                outcome = .storageRefused(status: error.status, wait: error.wait)
            } catch is GarbledPart {
                failure = garbled(number)
                outcome = .garbled
            } catch let error as APIError where error.code == 8014 {
                // The server does not find at the storage what was reported.
                failure = error
                outcome = .garbled
            }
            let policy = run.client.transport.settings.retry
            let decision = policy.decide(
                attempt: attempt,
                outcome: outcome,
                repetition: .harmless,
                jitter: Double.random(in: 0...1)
            )
            switch decision {
            case .giveUp: throw failure
            case .signAgain(let wait):
                state.withLock { $0.infos[number] = nil }
                try await pause(number, wait, failure)
            case .retry(let wait): try await pause(number, wait, failure)
            }
            attempt += 1
        }
    }

    private func pause(_ number: Int, _ wait: Duration, _ failure: any Error) async throws {
        let purpose = "send part \(number)"
        await run.tell(.retrying(index: of.index, purpose: purpose, reason: "\(failure)", wait: wait))
        try await Task.sleep(for: wait)
    }

    /// A part is about to be sent.
    func noteSent(_ number: Int) { state.withLock { _ = $0.sentNumbers.insert(number) } }

    /// Bytes went out, for whatever they were good.
    func noteBytes(_ count: Int64) { state.withLock { $0.sentBytes += count } }

    /// Whether the server itself stores the part; its tags are CRC-64/NVME then.
    func isOwnStorage(_ info: PartInfo) -> Bool {
        run.server.hasChecksums && info.url.hasPrefix(run.client.endpoint.origin + "/")
    }

    /// Where a part goes; asked for when it is not known or about to expire.
    func info(_ number: Int) async throws -> PartInfo {
        let now = run.client.clock.now
        let known = state.withLock { $0.infos[number] }
        // Half a minute: what counts is when the PUT arrives.
        if let known, known.expires.map({ $0 > now.addingTimeInterval(30) }) ?? true { return known }
        guard run.server.givesPartInfos, upload.plan.parts > 1 else {
            return try await run.client.partInfo(upload.id, number)
        }
        let infos = try await run.client.partInfos(upload.id, from: number, count: 100)
        state.withLock { state in
            for info in infos {
                if let number = info.number { state.infos[number] = info }
            }
        }
        guard let info = infos.first(where: { $0.number == number }) else {
            return try await run.client.partInfo(upload.id, number)
        }
        return info
    }

    private func note(_ part: StoredPart) async throws {
        guard let journal else { return }
        let line = JournalPart(number: part.number, etag: part.etag, crc64: part.crc64.hex)
        try await run.threads.runIfActive { try journal.journal.append(line) }
    }

    /// Reports a part, unless complete does that or it was done.
    func report(_ part: StoredPart) async throws {
        guard !run.server.takesReportsAtComplete else { return }
        let isDue = state.withLock { !$0.reported.contains(part.number) || $0.sentNumbers.contains(part.number) }
        guard isDue else { return }
        try await run.client.report(upload.id, PartReport(number: part.number, etag: part.etag))
        state.withLock { _ = $0.reported.insert(part.number) }
    }

    private func refused(_ number: Int, _ error: StorageRefusal) -> ClientError {
        let advice =
            switch error.status {
            case 403: "If it goes on, compare this machine's clock with the server's: 'pontoon doctor'."
            case 503, 507: "The storage may be full or overloaded: run the same command again later."
            default: "Run the same command again; if it goes on, ask the server's operator."
            }
        return ClientError(
            .storageRefused,
            "The storage refused part \(number) of '\(of.item.source)' with \(error.status): \(error.message)",
            advice: advice
        )
    }

    private func garbled(_ number: Int) -> ClientError {
        ClientError(
            .checksumMismatch,
            "The storage has other bytes for part \(number) of '\(of.item.source)' than were sent.",
            advice: "Something between here and there changes data: memory, a proxy, the disk. Nothing was completed."
        )
    }
}
