import Synchronization

/// Whether this server can do its work: asked of the stores again and again in the background, so that whoever wants to
/// know is answered at once, however long a store takes.
package final class Readiness: Sendable {
    /// Why a server can not do its work.
    package enum NotReadyReason: String, CaseIterable, Sendable {
        /// The stores were not asked yet.
        case starting
        /// The metadata store gives no answer, or a wrong one.
        case metadata
        /// The same of the object store.
        case objects
        /// It was asked to stop.
        case stopping
    }

    private struct State {
        var isStopping = false
        var answered: [NotReadyReason: ContinuousClock.Instant] = [:]
        var isFailing: [NotReadyReason: Bool] = [:]
    }

    private let stores: [(name: NotReadyReason, store: any ReachableStore)]
    private let interval: Duration
    private let patience: Duration
    private let state = Mutex(State())

    /// Asks two stores.
    ///
    /// - Parameters:
    ///   - metadata: The records.
    ///   - objects: The bytes.
    ///   - interval: Time between two questions.
    ///   - patience: A store that was silent for so long counts as gone.
    package init(
        metadata: any ReachableStore,
        objects: any ReachableStore,
        interval: Duration = .seconds(2),
        patience: Duration = .seconds(8)
    ) {
        stores = [(.metadata, metadata), (.objects, objects)]
        self.interval = interval
        self.patience = patience
    }

    /// Why requests should go to another server; `nil` when they should come here.
    package var obstacle: NotReadyReason? {
        let now = ContinuousClock.now
        return state.withLock { state in
            if state.isStopping { return .stopping }
            for (name, _) in stores {
                guard let answered = state.answered[name] else {
                    return state.isFailing[name] == true ? name : .starting
                }
                if state.isFailing[name] == true || now - answered > patience { return name }
            }
            return nil
        }
    }

    /// From now on requests should go to other servers.
    package func stop() { state.withLock { $0.isStopping = true } }

    /// Asks until cancelled.
    ///
    /// - Parameter report: Told when a store becomes unusable, with the cause, and without one when it is usable again.
    package func run(report: @escaping @Sendable (NotReadyReason, (any Error)?) -> Void) async {
        await withTaskGroup { group in
            for (name, store) in stores {
                group.addTask { await self.watch(store, name, report) }
            }
        }
    }

    private func watch(
        _ store: any ReachableStore,
        _ name: NotReadyReason,
        _ report: @Sendable (NotReadyReason, (any Error)?) -> Void
    ) async {
        while !Task.isCancelled {
            var refusal: (any Error)?
            do { try await store.ping() } catch { refusal = error }
            if Task.isCancelled { return }
            let wasRefused = state.withLock { state in
                if refusal == nil { state.answered[name] = .now }
                return state.isFailing.updateValue(refusal != nil, forKey: name) ?? false
            }
            if wasRefused != (refusal != nil) { report(name, refusal) }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}
