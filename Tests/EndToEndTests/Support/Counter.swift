import Synchronization

/// Counts from 0, in one task or many.
final class Counter: Sendable {
    private let value = Mutex(0)

    /// The number before this one is counted.
    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// Off until it is turned on.
final class Switch: Sendable {
    private let state = Mutex(false)

    var isOn: Bool { state.withLock { $0 } }
    func turnOn() { state.withLock { $0 = true } }
}

/// Holds a run that was made within another.
final class Inner: Sendable {
    private let value = Mutex<PontoonRun?>(nil)

    var run: PontoonRun? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
