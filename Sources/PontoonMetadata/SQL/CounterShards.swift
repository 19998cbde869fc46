import Synchronization

/// The shards of counters that the running transactions of one server change.
///
/// Counters of lists and usages have up to ``count`` rows, the sum of which is the value. A changed row stays locked
/// until the commit, so transactions that change the same counter at the same time must change different rows. A
/// transaction gets the shard that the fewest others use; of several, the first one, starting from a random shard of
/// the server. A counter therefore gets a second row of the same server only if the server runs two write transactions
/// at the same time.
package final class CounterShards: Sendable {
    /// The maximum number of shards: 16, as many as a server has connections to PostgreSQL by default.
    package static let count = 16

    /// The shards in order of preference.
    private let order: [Int]
    private let transactions = Mutex([Int](repeating: 0, count: CounterShards.count))

    /// - Parameter first: The preferred shard, 0 to ``count`` - 1.
    package init(first: Int = .random(in: 0..<count)) {
        order = (0..<Self.count).map { ($0 + first) % Self.count }
    }

    /// Returns the shard for a transaction that begins, which must be released when it ends.
    package func acquire() -> Int {
        transactions.withLock { transactions in
            let shard = order.min { transactions[$0] < transactions[$1] } ?? 0
            transactions[shard] += 1
            return shard
        }
    }

    /// Releases a shard that ``acquire()`` has returned.
    package func release(_ shard: Int) { transactions.withLock { $0[shard] -= 1 } }
}
