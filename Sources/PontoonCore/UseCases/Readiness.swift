import Synchronization

/// The state that determines whether this server is ready.
///
/// The stores are checked in the background, so that a health check returns immediately even if a store is slow.
package final class Readiness: Sendable {
    /// The reason why the server is not ready.
    package enum NotReadyReason: String, CaseIterable, Sendable {
        /// The first check of a store has not finished yet.
        case starting
        /// The metadata store is unavailable.
        case metadata
        /// The object store is unavailable.
        case objects
        /// The server is shutting down.
        case stopping
    }

    private struct State {
        var isStopping = false
        var lastSuccess: [NotReadyReason: ContinuousClock.Instant] = [:]
        var isFailing: [NotReadyReason: Bool] = [:]
        /// The times at which the checks in progress started.
        var checkStart: [NotReadyReason: ContinuousClock.Instant] = [:]
    }

    private let stores: [(name: NotReadyReason, store: any ReachableStore)]
    private let interval: Duration
    private let timeout: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - objects: The object store.
    ///   - interval: Pause between two checks of a store.
    ///   - timeout: Maximum duration of a check, and maximum time since the last successful check. If either is
    ///     exceeded, the store counts as unavailable, even if no check has failed.
    package init(
        metadata: any ReachableStore,
        objects: any ReachableStore,
        interval: Duration = .seconds(2),
        timeout: Duration = .seconds(8)
    ) {
        stores = [(.metadata, metadata), (.objects, objects)]
        self.interval = interval
        self.timeout = timeout
    }

    /// The reason why the server is not ready; `nil` if it is ready.
    package var notReadyReason: NotReadyReason? {
        let now = ContinuousClock.now
        return state.withLock { state in
            if state.isStopping { return .stopping }
            for (name, _) in stores {
                guard let lastSuccess = state.lastSuccess[name] else {
                    return state.isFailing[name] == true ? name : .starting
                }
                if state.isFailing[name] == true || now - lastSuccess > timeout { return name }
            }
            return nil
        }
    }

    /// Sets ``notReadyReason`` to `.stopping` permanently.
    package func stop() { state.withLock { $0.isStopping = true } }

    /// Returns whether a check of either store has been in progress for longer than `limit`.
    package func isHanging(for limit: Duration) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in state.checkStart.values.contains { now - $0 > limit } }
    }

    /// Checks the stores until cancelled.
    ///
    /// - Parameter report: Called with a store and the error when a check fails or takes longer than the timeout,
    ///   unless the previous check also failed. Called with the store and `nil` when a check then succeeds.
    package func run(report: @escaping @Sendable (NotReadyReason, (any Error)?) -> Void) async {
        await withTaskGroup { group in
            for (name, store) in stores {
                group.addTask { await self.watch(store, name, report) }
                group.addTask { await self.watchDuration(of: name, report) }
            }
        }
    }

    private func watch(
        _ store: any ReachableStore,
        _ name: NotReadyReason,
        _ report: @Sendable (NotReadyReason, (any Error)?) -> Void
    ) async {
        while !Task.isCancelled {
            var failure: (any Error)?
            state.withLock { $0.checkStart[name] = .now }
            do { try await store.ping() } catch { failure = error }
            if Task.isCancelled { return }
            let wasFailing = state.withLock { state in
                state.checkStart[name] = nil
                if failure == nil { state.lastSuccess[name] = .now }
                return state.isFailing.updateValue(failure != nil, forKey: name) ?? false
            }
            if wasFailing != (failure != nil) { report(name, failure) }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    /// Reports checks of a store that take longer than the timeout, for example because a disk hangs.
    private func watchDuration(
        of name: NotReadyReason,
        _ report: @Sendable (NotReadyReason, (any Error)?) -> Void
    ) async {
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            let isOverdue = state.withLock { state in
                guard let began = state.checkStart[name], .now - began > timeout, state.isFailing[name] != true else {
                    return false
                }
                state.isFailing[name] = true
                return true
            }
            if isOverdue { report(name, CheckTimeout(description: "no response within \(timeout)")) }
        }
    }
}

/// The error for a store that does not respond within the timeout.
private struct CheckTimeout: Error, CustomStringConvertible {
    let description: String
}
