import PontoonCore

extension PartUploader {
    private enum HedgeEvent: Sendable {
        case stored(VerifiedPart)
        case failed(any Error)
        /// The first attempt is taking much longer than other parts did.
        case isSlow
        /// The second attempt failed, or was cancelled before it started.
        case hedgeEnded
    }

    /// Sends a part, and also sends it over a second connection if the first attempt is much slower than usual.
    ///
    /// The second attempt requires a free permit. The only part of a file is sent once.
    ///
    /// - Returns: The part as stored by the first attempt that succeeded; the other attempt is cancelled.
    /// - Throws: The error of the first attempt if no attempt succeeds.
    func sendHedged(_ number: Int, _ slice: PartSlice, to info: PartInfo) async throws -> VerifiedPart {
        let sender = PartSender(job: job, file: file, source: slice.source)
        let range = slice.range
        // Single-part files are not hedged, to avoid the cost of a task group.
        guard upload.plan.parts > 1 else { return try await sender.send(number, range, to: info) }
        return try await withTaskGroup(of: HedgeEvent.self) { group -> Result<VerifiedPart, any Error> in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    return .stored(try await sender.send(number, range, to: info))
                } catch {
                    return .failed(error)
                }
            }
            let start = ContinuousClock.now
            group.addTask { await waitUntilSlow(size: Int64(range.count), since: start) }
            var (isHedged, failure) = (false, (any Error)?.none)
            for await event in group {
                switch event {
                case .stored(let part): return .success(part)
                case .failed(let error): failure = error
                case .isSlow where job.context.permits.tryAcquire():
                    isHedged = true
                    group.addTask {
                        defer { job.context.permits.release() }
                        return await sendAgain(number, range, to: info, sender)
                    }
                case .isSlow: group.addTask { await waitUntilSlow(size: Int64(range.count), since: start) }
                case .hedgeEnded: isHedged = false
                }
                if let failure, !isHedged { return .failure(failure) }
            }
            return .failure(failure ?? CancellationError())
        }.get()
    }

    /// Waits until the part is much slower than usual, checking once per second; returns `.hedgeEnded` if cancelled.
    private func waitUntilSlow(size: Int64, since start: ContinuousClock.Instant) async -> HedgeEvent {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let elapsed = ContinuousClock.now - start
            if HedgingPolicy().isSlow(elapsed: elapsed, size: size, typicalRate: job.storage.typicalRate) {
                return .isSlow
            }
        }
        return .hedgeEnded
    }

    private func sendAgain(
        _ number: Int,
        _ range: Range<Int64>,
        to info: PartInfo,
        _ sender: PartSender
    ) async -> HedgeEvent {
        await file.context.emit(
            .retrying(
                UploadEvent.Retry(
                    index: file.index,
                    purpose: "send part \(number) over another connection",
                    reason: "Part \(number) is taking much longer than other parts.",
                    wait: .zero,
                    isOutage: false
                )
            )
        )
        do {
            return .stored(try await sender.send(number, range, to: info))
        } catch {
            return .hedgeEnded
        }
    }
}
