package import PontoonFoundation
import Synchronization

/// The keys that sign data-plane URLs, cached in memory so that signing needs no query.
package final class KeyRing: Sendable {
    private let store: any SigningKeyStore
    private let rotationInterval: Duration
    /// Time for which a signed URL is valid.
    let urlLifetime: Duration
    private let now: @Sendable () -> Date
    private let cached = Mutex<[URLSigner]>([])

    /// - Parameters:
    ///   - store: The store of the keys, which all servers share.
    ///   - rotationInterval: Time after which a new key replaces the current one.
    ///   - urlLifetime: Time for which a signed URL is valid. A replaced key is removed after this time plus five
    ///     minutes.
    ///   - now: The current time.
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

    /// Returns the newest key.
    ///
    /// If no key is cached, reads the keys from the store first, and rotates them if due.
    ///
    /// - Throws: An error if the store is unavailable; `.internalError` if it returns no key.
    package func current() async throws -> URLSigner {
        if let newest = cached.withLock({ $0.first }) { return newest }
        try await rotateIfDue()
        guard let newest = cached.withLock({ $0.first }) else {
            throw PontoonError(.internalError, "The metadata store returned no signing key.")
        }
        return newest
    }

    /// Returns the key with this id.
    ///
    /// Reads the keys from the store if this one is not cached, because another server may have just created it.
    ///
    /// - Returns: `nil` if the key does not exist or was removed.
    package func key(_ id: String) async throws -> URLSigner? {
        if let signer = cached.withLock({ $0.first { $0.key.id == id } }) { return signer }
        return try await refresh().first { $0.id == id }.map(URLSigner.init)
    }

    /// Creates a key.
    ///
    /// The previous keys still verify URLs until ``rotateIfDue()`` removes them.
    package func rotate() async throws {
        try await store.addSigningKey(.random(now: now()))
        _ = try await refresh()
    }

    /// Creates a key if there is none or the newest one is older than the rotation interval.
    ///
    /// Also removes the keys whose last URL has expired.
    package func rotateIfDue() async throws {
        let newest = try await refresh().first
        let due = now().addingTimeInterval(-rotationInterval.inSeconds)
        if newest.map({ $0.createdOn < due }) ?? true { try await rotate() }
        // A server may sign with a replaced key until it next refreshes its keys, about a minute later.
        let slack: TimeInterval = 300
        let cutoff = now().addingTimeInterval(-urlLifetime.inSeconds - slack)
        if let successor = try await refresh().first(where: { $0.createdOn < cutoff }) {
            try await store.pruneSigningKeys(before: successor.createdOn)
        }
        _ = try await refresh()
    }

    /// Reads the keys again, because other servers also create and remove keys.
    ///
    /// - Returns: The keys, newest first.
    @discardableResult
    package func refresh() async throws -> [SigningKey] {
        let keys = try await store.signingKeys()
        cached.withLock { $0 = keys.map(URLSigner.init) }
        return keys
    }
}
