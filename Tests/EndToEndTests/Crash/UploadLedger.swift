import Synchronization

/// What clients know about their uploads: the responses they got, and the requests without a response so far.
final class UploadLedger: Sendable {
    /// What a client knows about one part.
    struct Part: Sendable {
        /// Tag that was acknowledged, if nothing was sent since.
        var stored: String?
        /// Tags that may be stored instead, since their PUTs were not answered.
        var possible: Set<String> = []
        /// Tag whose report was answered, if nothing was sent since.
        var reported: String?
    }

    /// How far the end of an upload is.
    enum End: Equatable, Sendable {
        case none
        case completeAsked, completed(file: String)
        case abortAsked, aborted
    }

    /// What a client knows about one upload.
    struct Entry: Sendable {
        let id: String
        let plan: UploadPlan
        var parts: [Int: Part] = [:]
        var end = End.none
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: [String] = []
        var acknowledged = 0
    }

    private let state = Mutex(State())

    /// All uploads, oldest first.
    var entries: [Entry] { state.withLock { state in state.order.compactMap { state.entries[$0] } } }
    /// How many PUTs were answered with 200.
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

    func putAnswered(_ id: String, _ number: Int, _ tag: String) {
        change(id, number) { $0 = Part(stored: tag) }
        state.withLock { $0.acknowledged += 1 }
    }

    func reportAnswered(_ id: String, _ number: Int) {
        change(id, number) { $0.reported = $0.stored }
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
