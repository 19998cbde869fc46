import PontoonCore
import Synchronization

/// A limit on the memory for JSON bodies, or for files that are collected completely because a bucket receives each
/// file in one request.
///
/// The first 64 KiB of each body do not count, so that large bodies of one user do not block small calls of other
/// users. The bodies of one caller can take at most a quarter of the memory, which is enough for one body of the
/// maximum size.
final class JSONBodyBudget: Sendable {
    /// Number of bytes of each body that do not count towards the budget.
    static let free = 64 << 10
    /// Maximum number of counted bytes of all bodies together.
    ///
    /// Only the text of JSON counts; parsed JSON takes up to about ten times as much memory.
    let total: Int
    /// Maximum number of counted bytes of one caller's bodies together.
    let totalPerCaller: Int

    private struct Use {
        var total = 0
        var callers: [String: Int] = [:]
    }

    private let use = Mutex(Use())

    /// - Parameter maximumSize: Maximum size of one body in bytes.
    init(maximumSize: Int) {
        totalPerCaller = max(8 << 20, maximumSize)
        total = totalPerCaller * 4
    }

    /// Number of bytes that currently count towards the budget.
    var used: Int { use.withLock { $0.total } }

    /// Returns an empty reservation for a body that a caller sends.
    func reservation(for caller: String) -> Reservation { Reservation(budget: self, caller: caller) }

    /// Counts bytes of a caller's body, or returns `false` without counting any if they would exceed a limit.
    private func add(_ bytes: Int, caller: String) -> Bool {
        use.withLock { use in
            let ofCaller = use.callers[caller, default: 0] + bytes
            guard use.total + bytes <= total, ofCaller <= totalPerCaller else { return false }
            use.total += bytes
            use.callers[caller] = ofCaller
            return true
        }
    }

    private func remove(_ bytes: Int, caller: String) {
        use.withLock { use in
            use.total -= bytes
            let rest = use.callers[caller, default: 0] - bytes
            use.callers[caller] = rest > 0 ? rest : nil
        }
    }

    /// The memory that is reserved for one body.
    final class Reservation: Sendable {
        private let budget: JSONBodyBudget
        private let caller: String
        /// Number of bytes of the body received so far, and the number of bytes that count towards the budget.
        private let state = Mutex((size: 0, counted: 0))

        fileprivate init(budget: JSONBodyBudget, caller: String) {
            self.budget = budget
            self.caller = caller
        }

        /// Adds bytes of the body.
        ///
        /// - Throws: `.unavailable` if the bytes would exceed the budget or the caller's share of it; the reservation
        ///   is then unchanged.
        func grow(by bytes: Int) throws(PontoonError) {
            let isAdmitted = state.withLock { state in
                let size = state.size + bytes
                let counted = max(0, size - JSONBodyBudget.free)
                guard counted == state.counted || budget.add(counted - state.counted, caller: caller) else {
                    return false
                }
                state = (size, counted)
                return true
            }
            guard isAdmitted else {
                throw PontoonError(.unavailable, "The server is processing too many large requests; try again later.")
            }
        }

        /// Releases the reserved memory, which empties the reservation.
        func end() {
            let counted = state.withLock { state in
                defer { state = (0, 0) }
                return state.counted
            }
            budget.remove(counted, caller: caller)
        }
    }
}
