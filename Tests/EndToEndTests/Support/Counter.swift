import Synchronization

/// A counter that starts at 0 and is safe to use concurrently.
final class Counter: Sendable {
    private let value = Mutex(0)

    /// The current value.
    var current: Int { value.withLock { $0 } }

    /// Increments the counter, and returns its previous value.
    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// A switch that is off until it is turned on.
final class Switch: Sendable {
    private let state = Mutex(false)

    var isOn: Bool { state.withLock { $0 } }
    func turnOn() { state.withLock { $0 = true } }
}

/// The result of a client that runs during the run of another client.
final class Inner: Sendable {
    private let value = Mutex<PontoonRun?>(nil)

    var run: PontoonRun? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
