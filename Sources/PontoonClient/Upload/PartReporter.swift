import PontoonCore
import Synchronization

/// The sender of one upload's part reports.
///
/// It sends nothing if the server accepts reports in the complete call.
final class PartReporter: Sendable {
    private let client: SevenBridgesClient
    private let upload: String
    private let isNeeded: Bool
    private let reported: Mutex<Set<Int>>

    init(client: SevenBridgesClient, server: ServerIndex, upload: OpenUpload) {
        self.client = client
        self.upload = upload.id
        isNeeded = !server.acceptsReportsAtCompletion
        reported = Mutex(upload.reported)
    }

    /// Reports a part unless it has already been reported.
    func report(_ part: VerifiedPart) async throws {
        guard isNeeded, !reported.withLock({ $0.contains(part.number) }) else { return }
        try await client.report(part, of: upload)
        reported.withLock { _ = $0.insert(part.number) }
    }

    /// Marks a part as not reported; called before the part is sent again.
    func invalidate(_ number: Int) { reported.withLock { _ = $0.remove(number) } }
}
