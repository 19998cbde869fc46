import Synchronization

/// A queue with at most one consumer at a time, which runs only while elements are waiting.
///
/// If ``append(_:)`` returns `true`, its caller must start a consumer. The consumer removes elements until the queue is
/// empty. While there is no consumer, the queue does not occupy a thread.
package final class DrainQueue<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var isDraining = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Number of elements not yet removed by a consumer.
    package var count: Int { state.withLock { $0.waiting.count } }

    /// Adds an element.
    ///
    /// - Returns: Whether the caller must start a consumer, because none is running.
    package func append(_ element: Element) -> Bool {
        state.withLock { state in
            state.waiting.append(element)
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }

    /// Removes and returns the oldest element.
    ///
    /// - Returns: The element; `nil` if the queue is empty, in which case the consumer must stop.
    package func next() -> Element? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isDraining = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// Removes and returns all waiting elements, oldest first.
    ///
    /// - Returns: The elements; empty if there are none, in which case the consumer must stop.
    package func nextBatch() -> [Element] {
        state.withLock { state in
            let batch = state.waiting
            state.waiting = []
            state.isDraining = !batch.isEmpty
            return batch
        }
    }
}
