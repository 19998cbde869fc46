import Synchronization

/// A signal to one listener that a transaction was committed and may have recorded events.
package final class EventSignal: Sendable {
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)
    /// Whether there is a listener.
    ///
    /// If not, writers do not acquire the lock.
    private let isAwaited = Atomic(false)

    package init() {}

    /// Calls the listener; does nothing if there is none.
    package func raise() {
        guard isAwaited.load(ordering: .relaxed) else { return }
        listener.withLock { $0 }?()
    }

    /// Replaces the listener; `nil` removes it.
    ///
    /// A concurrent call of ``raise()`` may still call the previous listener, or none, so the listener must also check
    /// for events periodically.
    package func listen(_ body: (@Sendable () -> Void)?) {
        listener.withLock { $0 = body }
        isAwaited.store(body != nil, ordering: .relaxed)
    }
}
