import NIOCore
import Synchronization

/// The clients' view of their uploads: the responses they received, and their requests without a response.
final class UploadLedger: Sendable {
    /// A client's view of one part.
    struct Part: Sendable {
        /// Acknowledged ETag; `nil` if none was, or if the part has been sent again since.
        var stored: String?
        /// ETags that may be stored if ``stored`` is `nil`: of PUTs without a response, and of the part acknowledged
        /// before them.
        var possible: Set<String> = []
        /// ETag whose report was acknowledged; `nil` if none was, or if the part has been sent again since.
        var reported: String?
    }

    /// State of the request that ends an upload, or that deletes its file.
    enum End: Equatable, Sendable {
        case none
        case completeAsked, completed(file: String)
        case abortAsked, aborted
        case deleteAsked(file: String), deleted(file: String)
    }

    /// A client's view of one upload.
    struct Entry: Sendable {
        let id: String
        let plan: UploadPlan
        var parts: [Int: Part] = [:]
        var end = End.none
    }

    /// A client's view of a file that it stores in one call, and may overwrite in the same way.
    struct StoredFile: Sendable {
        /// Content of the last acknowledged call.
        var acknowledged: ByteBuffer?
        /// Content of a later call without a response.
        var possible: ByteBuffer?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var files: [String: StoredFile] = [:]
        var order: [String] = []
        var acknowledged = 0
    }

    private let state = Mutex(State())

    /// All uploads, oldest first.
    var entries: [Entry] { state.withLock { state in state.order.compactMap { state.entries[$0] } } }
    /// The files that are stored in one call, by name.
    var files: [String: StoredFile] { state.withLock { $0.files } }
    /// Number of parts and files whose storage was acknowledged.
    var acknowledged: Int { state.withLock { $0.acknowledged } }

    func begins(_ id: String, _ plan: UploadPlan) {
        state.withLock { state in
            state.entries[id] = Entry(id: id, plan: plan)
            state.order.append(id)
        }
    }

    func putBegins(_ id: String, _ number: Int, _ tag: String) {
        change(id, number) { part in
            if let stored = part.stored { part.possible.insert(stored) }
            part.possible.insert(tag)
            part.stored = nil
            part.reported = nil
        }
    }

    func putAcknowledged(_ id: String, _ number: Int, _ tag: String) {
        change(id, number) { $0 = Part(stored: tag) }
        state.withLock { $0.acknowledged += 1 }
    }

    func reportAcknowledged(_ id: String, _ number: Int) {
        change(id, number) { $0.reported = $0.stored }
    }

    func fileBegins(_ name: String, _ content: ByteBuffer) {
        state.withLock { $0.files[name, default: StoredFile()].possible = content }
    }

    func fileAcknowledged(_ name: String, _ content: ByteBuffer) {
        state.withLock { state in
            state.files[name] = StoredFile(acknowledged: content)
            state.acknowledged += 1
        }
    }

    func ends(_ id: String, _ end: End) { state.withLock { $0.entries[id]?.end = end } }

    private func change(_ id: String, _ number: Int, _ body: (inout Part) -> Void) {
        state.withLock { state in
            guard var entry = state.entries[id] else { return }
            body(&entry.parts[number, default: Part()])
            state.entries[id] = entry
        }
    }
}
