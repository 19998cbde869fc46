import Foundation

/// The files of a run, begun one after the other as slots are free.
struct FileQueue: Sendable {
    let run: UploadRun
    let items: [UploadItem]
    /// What an earlier run finished, by position.
    let candidates: [FinishedRecord?]
    let places: RemotePlaces

    /// Most files that are open at once.
    private static let width = 128

    /// Uploads all.
    ///
    /// - Returns: How each ended, in order.
    func uploadAll() async -> [UploadResult] {
        let stop = StopSign()
        return await withTaskGroup(of: UploadResult.self) { group in
            var results = [UploadResult?](repeating: nil, count: items.count)
            var running = 0
            for index in items.indices {
                if running == Self.width, let result = await group.next() {
                    results[result.index] = result
                    running -= 1
                }
                if let known = known(index) ?? stop.result(index, items[index]) {
                    results[index] = known
                    await end(known)
                    continue
                }
                // Parts of files that were begun are more urgent.
                guard (try? await run.slots.acquire(urgency: items.count + index)) != nil else { break }
                group.addTask {
                    let result = await upload(index)
                    stop.see(result)
                    await run.tell(.ended(result))
                    return result
                }
                running += 1
            }
            for await result in group { results[result.index] = result }
            return results.enumerated().map { index, result in
                result ?? UploadResult(index: index, item: items[index], outcome: .cancelled)
            }
        }
    }

    private func upload(_ index: Int) async -> UploadResult {
        guard let place = places.place(items[index]) else { preconditionFailure("all folders are prepared") }
        return await FileUpload(run: run, index: index, item: items[index], place: place).upload()
    }

    /// A file that need not be opened: an earlier run finished it, or its name is taken.
    private func known(_ index: Int) -> UploadResult? {
        let item = items[index]
        // Who names an upload wants that one finished.
        guard run.options.uploadID == nil, let there = places.existing(item), !there.isFolder else { return nil }
        var result = UploadResult(index: index, item: item, outcome: .alreadyThere)
        result.fileID = there.id
        result.size = there.size ?? 0
        if let record = candidates[index], record.matches(there) {
            result.crc64nvme = record.crc64
            result.verification = UploadResult.Verification(rawValue: record.verification)
            return result
        }
        guard run.options.skipExisting else { return nil }
        result.outcome = .skipped
        return result
    }

    private func end(_ result: UploadResult) async {
        run.board.end(result.index, size: result.size, isThere: result.isThere)
        await run.tell(.ended(result))
    }
}

/// Keeps files from being begun when none can succeed any more.
private final class StopSign: Sendable {
    private let error = Locked<APIError?>(nil)

    /// What is refused for one file may be refused for all.
    func see(_ result: UploadResult) {
        guard case .failed(let error) = result.outcome, let refusal = error as? APIError, refusal.concernsDestination
        else {
            return
        }
        self.error.value = refusal
    }

    func result(_ index: Int, _ item: UploadItem) -> UploadResult? {
        error.value.map { UploadResult(index: index, item: item, outcome: .failed($0)) }
    }
}
