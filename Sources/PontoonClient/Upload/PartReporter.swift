import PontoonCore
import Synchronization

/// The reports of one upload's parts that are sent one by one.
///
/// No report is sent if the server accepts all reports when the upload is completed.
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
    ///
    /// - Throws: ``APIError``, with code 8014 if the server did not find the part in the storage; ``ClientError``.
    func report(_ part: VerifiedPart) async throws {
        guard isNeeded, !reported.withLock({ $0.contains(part.number) }) else { return }
        try await client.report(part, of: upload)
        reported.withLock { _ = $0.insert(part.number) }
    }

    /// Marks a part as not reported; called before each attempt to send the part.
    func invalidate(_ number: Int) { reported.withLock { _ = $0.remove(number) } }
}
