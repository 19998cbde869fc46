import AsyncAlgorithms
import Foundation
import NIOPosix
import PontoonCore
import SystemPackage

/// What the files of one run share.
struct UploadRun: Sendable {
    let client: SevenBridgesClient
    let options: UploadOptions
    let server: ServerIndex
    let limits: PartPlan.Limits
    /// Length of all files.
    let totalBytes: Int64
    let memory: MemoryPlan
    let lanes: PartBody.Lanes
    let slots: Slots
    let pace = PartPace()
    let storageTellsCRC = Locked(false)
    let board: ProgressBoard
    let channel: AsyncChannel<UploadEvent>
    let state: StateFolder?
    let finished: FinishedLog?

    var threads: NIOThreadPool { lanes.threads }
    var sender: PartSender {
        PartSender(
            transport: client.transport,
            clock: client.clock,
            lanes: lanes,
            storageTellsCRC: storageTellsCRC
        )
    }

    /// Which upload a journal is about.
    func key(_ item: UploadItem, path: String) -> JournalKey {
        JournalKey(
            endpoint: client.endpoint.url,
            destination: options.destination,
            source: path,
            remotePath: item.remotePath
        )
    }

    func tell(_ event: UploadEvent) async { await channel.send(event) }
}
