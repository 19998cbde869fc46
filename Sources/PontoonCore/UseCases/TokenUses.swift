import PontoonFoundation
import Synchronization

/// A recorder of the days on which tokens are used.
///
/// Authentication only notes uses in memory, and maintenance writes them: at most once per day and token on each
/// server, and never while a request waits. A server that stops loses the uses since the last ``write()``.
package final class TokenUses: Sendable {
    private struct State {
        /// Days to write, by token id.
        var pending: [String: Date] = [:]
        /// Days that were just written: cached records of tokens do not show them yet.
        var written: [String: Date] = [:]
    }

    /// Maximum number of tokens whose uses wait to be written; the uses of others are noted later.
    private static let capacity = 10_000

    private let metadata: any IdentityStore
    private let state = Mutex(State())

    package init(metadata: any IdentityStore) { self.metadata = metadata }

    /// Notes that a token is being used, unless its record already shows this day.
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

    /// Writes the noted uses; after an error, the next call tries again.
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
