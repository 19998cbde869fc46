import NIOPosix
import PontoonCore

extension PartTransfer {
    private enum Progress: Sendable {
        case stored(StoredPart)
        /// The first attempt failed.
        case failed(any Error)
        /// The second attempt was not needed or failed too; the first says what is wrong if anything is.
        case wasted
    }

    /// Sends a part; over a second connection as well when the first one is much slower than others are.
    ///
    /// - Returns: The part as the first of the two stored it; the other is cancelled.
    func sendOnce(_ number: Int) async throws -> StoredPart {
        let info = try await info(number)
        noteSent(number)
        // A file of one part has nothing to be compared with.
        guard upload.plan.parts > 1 else { return try await attempt(number, info) }
        let isSentTwice = Locked(false)
        return try await withThrowingTaskGroup(of: Progress.self) { group in
            group.addTask {
                do {
                    return .stored(try await self.attempt(number, info))
                } catch {
                    return .failed(error)
                }
            }
            group.addTask { await self.secondAttempt(number, info, isSentTwice) }
            defer { group.cancelAll() }
            var failure: (any Error)?
            while let progress = try await group.next() {
                switch progress {
                case .stored(let part): return part
                case .failed(let error):
                    guard isSentTwice.value else { throw error }
                    failure = error
                case .wasted: break
                }
            }
            throw failure ?? CancellationError()
        }
    }

    private func attempt(_ number: Int, _ info: PartInfo) async throws -> StoredPart {
        let body = PartBody(
            range(number),
            of: file,
            md5: !isOwnStorage(info) && !run.storageTellsCRC.value,
            lanes: run.lanes,
            moved: { [run, of] in run.board.moved(of.index, bytes: $0) }
        )
        let began = ContinuousClock.now
        do {
            let part = try await run.sender.send(body, number: number, of: file, to: info)
            noteBytes(body.sent)
            run.pace.note(size: part.size, time: .now - began)
            return part
        } catch {
            noteBytes(body.sent)
            run.board.moved(of.index, bytes: -body.sent)
            // A file that is written to is the likelier cause of anything that went wrong.
            try await run.threads.runIfActive { [file] in try file.checkUnchanged() }
            throw error
        }
    }

    /// Sends a part once more when the first attempt takes much longer than others did and there is room for it.
    private func secondAttempt(_ number: Int, _ info: PartInfo, _ isSentTwice: Locked<Bool>) async -> Progress {
        let began = ContinuousClock.now
        let size = Int64(range(number).count)
        do {
            while true {
                try await Task.sleep(for: .seconds(1))
                let isSlow = TailPolicy().isSlow(elapsed: .now - began, size: size, usual: run.pace.usual)
                if isSlow, run.slots.tryAcquire() { break }
            }
            defer { run.slots.release() }
            isSentTwice.value = true
            let purpose = "send part \(number) over another connection"
            let reason = "It takes much longer than the others."
            await run.tell(.retrying(index: of.index, purpose: purpose, reason: reason, wait: .zero))
            return .stored(try await attempt(number, info))
        } catch {
            return .wasted
        }
    }
}
