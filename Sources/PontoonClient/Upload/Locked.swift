import Synchronization

/// A value behind a lock.
final class Locked<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// Takes the value and leaves another.
    func exchange(_ new: Value) -> Value {
        state.withLock { value in
            defer { value = new }
            return value
        }
    }
}
