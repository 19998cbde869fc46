import PontoonFoundation
import Synchronization

/// A recorder of the last day on which each token was used.
///
/// Authentication records uses in memory, so that no request waits for the store. Maintenance calls ``write()``, which
/// updates the record of each token at most once per day and server. When a server exits, the uses since the last call
/// of ``write()`` are lost.
package final class TokenUses: Sendable {
    private struct State {
        /// The days that the next ``write()`` writes, by token id.
        var pending: [String: Date] = [:]
        /// The days that the last ``write()`` wrote, by token id.
        ///
        /// Cached records of the tokens may not contain these days yet.
        var written: [String: Date] = [:]
    }

    /// Maximum number of tokens in ``State/pending``.
    ///
    /// Uses of further tokens are ignored until the next ``write()``.
    private static let capacity = 10_000

    private let metadata: any IdentityStore
    private let state = Mutex(State())

    package init(metadata: any IdentityStore) { self.metadata = metadata }

    /// Records that a token was used today, unless this is already recorded.
    func note(_ token: TokenRecord, now: Date) {
        let day = now.startOfDay
        if let usedOn = token.usedOn, usedOn >= day { return }
        state.withLock { state in
            guard state.pending[token.id] != day, state.written[token.id] != day,
                state.pending.count < Self.capacity
            else { return }
            state.pending[token.id] = day
        }
    }

    /// Writes the uses recorded so far to the store.
    ///
    /// - Throws: An error if the store is unavailable. The next call then tries again.
    package func write() async throws {
        let uses = state.withLock { state in
            let uses = state.pending
            (state.pending, state.written) = ([:], uses)
            return uses
        }
        do {
            for (day, uses) in Dictionary(grouping: uses, by: \.value) {
                try await metadata.noteUses(of: uses.map(\.key).sorted(), on: day)
            }
        } catch {
            state.withLock { state in
                state.pending.merge(uses) { newer, _ in newer }
                state.written = [:]
            }
            throw error
        }
    }
}
