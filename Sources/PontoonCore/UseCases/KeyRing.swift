package import Foundation
import Synchronization

/// The keys that sign data-plane URLs, kept in memory and refreshed from the store, so that part info costs no query.
package final class KeyRing: Sendable {
    private let store: any SigningKeyStore
    private let rotationInterval: Duration
    private let urlLifetime: Duration
    private let now: @Sendable () -> Date
    private let cached = Mutex<[URLSigner]>([])

    /// Reads keys from a store.
    ///
    /// - Parameters:
    ///   - store: Shared by all servers.
    ///   - rotationInterval: A key signs for so long before a new one takes over.
    ///   - urlLifetime: How long a URL is admitted; old keys are kept for as long.
    ///   - now: The time.
    package init(
        store: any SigningKeyStore,
        rotationInterval: Duration,
        urlLifetime: Duration,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.rotationInterval = rotationInterval
        self.urlLifetime = urlLifetime
        self.now = now
    }

    /// The key that signs now.
    package func current() async throws -> URLSigner {
        if let newest = cached.withLock({ $0.first }) { return newest }
        try await rotateIfDue()
        guard let newest = cached.withLock({ $0.first }) else {
            throw PontoonError(.internalFault, "There is no signing key.")
        }
        return newest
    }

    /// A key by its id, also one that another server made a moment ago.
    package func key(_ id: String) async throws -> URLSigner? {
        if let signer = cached.withLock({ $0.first { $0.key.id == id } }) { return signer }
        return try await refresh().first { $0.id == id }.map(URLSigner.init)
    }

    /// Makes a new key now; the others still verify until ``rotateIfDue()`` drops them.
    package func rotate() async throws {
        try await store.addSigningKey(.random(now: now()))
        _ = try await refresh()
    }

    /// Makes a new key when the newest is too old, and drops keys whose last URL has expired.
    package func rotateIfDue() async throws {
        let newest = try await refresh().first
        let due = now().addingTimeInterval(-rotationInterval.inSeconds)
        if newest.map({ $0.createdOn < due }) ?? true { try await rotate() }
        // A key signs until every server knows its successor, which takes a round of housekeeping.
        let slack: TimeInterval = 300
        let settled = now().addingTimeInterval(-urlLifetime.inSeconds - slack)
        if let successor = try await refresh().first(where: { $0.createdOn < settled }) {
            try await store.pruneSigningKeys(before: successor.createdOn)
        }
        _ = try await refresh()
    }

    /// Reads the keys anew: those that another server has made, and without those that it has dropped.
    @discardableResult
    package func refresh() async throws -> [SigningKey] {
        let keys = try await store.signingKeys()
        cached.withLock { $0 = keys.map(URLSigner.init) }
        return keys
    }
}
