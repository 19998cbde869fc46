import Synchronization

/// The assignment of counter shards to the running transactions of one server.
///
/// A counter of a list or of usage has up to ``count`` rows, whose sum is its value. A changed row stays locked until
/// the commit, so concurrent transactions that change the same counter wait for each other unless they change different
/// rows. A transaction gets the shard that is used by the fewest other transactions. If several shards qualify, it gets
/// the first one, counting from a shard that each server selects at random. Therefore, a server adds a second row to a
/// counter only if it runs two write transactions at the same time.
package final class CounterShards: Sendable {
    /// The maximum number of shards.
    ///
    /// Equals the default number of a server's connections to PostgreSQL.
    package static let count = 16

    /// The shards in order of preference.
    private let order: [Int]
    private let transactions = Mutex([Int](repeating: 0, count: CounterShards.count))

    /// - Parameter first: The preferred shard, 0 to ``count`` - 1.
    package init(first: Int = .random(in: 0..<count)) {
        order = (0..<Self.count).map { ($0 + first) % Self.count }
    }

    /// Returns the shard for a new transaction.
    ///
    /// The caller must pass it to ``release(_:)`` after the transaction.
    package func acquire() -> Int {
        transactions.withLock { transactions in
            let shard = order.min { transactions[$0] < transactions[$1] } ?? 0
            transactions[shard] += 1
            return shard
        }
    }

    /// Releases a shard that ``acquire()`` returned.
    package func release(_ shard: Int) { transactions.withLock { $0[shard] -= 1 } }
}
