import AsyncAlgorithms
import NIOPosix

/// What the files of one run share.
struct DownloadRun: Sendable {
    let client: SevenBridgesClient
    let options: DownloadOptions
    let memory: MemoryPlan
    let threads: NIOThreadPool
    let bucket: TokenBucket?
    let slots: Slots
    let board: ProgressBoard
    let channel: AsyncChannel<DownloadEvent>

    func tell(_ event: DownloadEvent) async { await channel.send(event) }
}
