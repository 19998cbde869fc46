import PontoonFoundation
import PontoonCore
import Synchronization

/// A cache of the part infos of one upload, which requests them in batches if the server supports batches.
final class PartURLCache: Sendable {
    private let client: SevenBridgesClient
    private let upload: String
    /// Whether to request several part infos per call.
    private let isBatched: Bool
    private let infos: Mutex<[Int: PartInfo]>

    init(client: SevenBridgesClient, server: ServerIndex, upload: OpenUpload) {
        self.client = client
        self.upload = upload.id
        isBatched = server.providesPartInfos && upload.plan.parts > 1
        infos = Mutex(Self.byNumber(upload.partInfos))
    }

    /// Returns a part's info, requesting a new one if none is cached or its URL expires within 30 seconds.
    ///
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func info(_ number: Int) async throws -> PartInfo {
        let deadline = client.clock.now.addingTimeInterval(30)
        // The URL must still be valid when the request reaches the storage.
        if let known = infos.withLock({ $0[number] }), known.expires.map({ $0 > deadline }) ?? true { return known }
        if isBatched {
            let batch = Self.byNumber(try await client.partInfos(upload, from: number, count: 100))
            infos.withLock { $0.merge(batch) { _, new in new } }
            if let info = batch[number] { return info }
        }
        return try await client.partInfo(upload, number)
    }

    /// Discards a part's info, so that ``info(_:)`` requests a new URL.
    func invalidate(_ number: Int) { infos.withLock { $0[number] = nil } }

    private static func byNumber(_ infos: [PartInfo]) -> [Int: PartInfo] {
        infos.reduce(into: [:]) { known, info in
            if let number = info.number { known[number] = info }
        }
    }
}
