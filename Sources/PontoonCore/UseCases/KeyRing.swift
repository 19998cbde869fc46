package import PontoonFoundation
import Synchronization

/// The keys that sign and verify data-plane URLs, cached in memory.
///
/// Signing needs a query only if no key is cached yet; verification, only if the key of the URL is not cached.
package final class KeyRing: Sendable {
    private let store: any SigningKeyStore
    private let rotationInterval: Duration
    /// Time for which a signed URL is valid.
    let urlLifetime: Duration
    private let now: @Sendable () -> Date
    private let cached = Mutex<[URLSigner]>([])

    /// - Parameters:
    ///   - store: The store of the keys, shared by all servers.
    ///   - rotationInterval: Age at which ``rotateIfDue()`` replaces the newest key.
    ///   - urlLifetime: Time for which a signed URL is valid. A replaced key is kept for this time plus five minutes,
    ///     so that the URLs signed with it can be verified.
    ///   - now: Returns the current time.
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

    /// Returns the newest cached key.
    ///
    /// If no key is cached, first calls ``rotateIfDue()``, which reads the keys from the store.
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
    /// If the key is not cached, reads the keys from the store, because another server may have just created the key.
    ///
    /// - Returns: The key; `nil` if neither the cache nor the store contains it.
    /// - Throws: An error if the store is unavailable.
    package func key(_ id: String) async throws -> URLSigner? {
        if let signer = cached.withLock({ $0.first { $0.key.id == id } }) { return signer }
        return try await refresh().first { $0.id == id }.map(URLSigner.init)
    }

    /// Creates a key, with which this server signs URLs from now on.
    ///
    /// The previous keys still verify URLs until ``rotateIfDue()`` removes them.
    ///
    /// - Throws: An error if the store is unavailable.
    package func rotate() async throws {
        try await store.addSigningKey(.random(now: now()))
        _ = try await refresh()
    }

    /// Creates a key if there is none or the newest one is older than the rotation interval.
    ///
    /// Also removes the replaced keys whose URLs have all expired.
    ///
    /// - Throws: An error if the store is unavailable.
    package func rotateIfDue() async throws {
        let newest = try await refresh().first
        let due = now().addingTimeInterval(-rotationInterval.inSeconds)
        if newest.map({ $0.createdOn < due }) ?? true { try await rotate() }
        // Another server may sign with a replaced key until it refreshes its cached keys, which it does once a minute.
        let slack: TimeInterval = 300
        let cutoff = now().addingTimeInterval(-urlLifetime.inSeconds - slack)
        if let successor = try await refresh().first(where: { $0.createdOn < cutoff }) {
            try await store.pruneSigningKeys(before: successor.createdOn)
        }
        _ = try await refresh()
    }

    /// Reads the keys from the store again, because other servers also create and remove keys.
    ///
    /// - Returns: The keys, newest first.
    /// - Throws: An error if the store is unavailable; the cached keys are then unchanged.
    @discardableResult
    package func refresh() async throws -> [SigningKey] {
        let keys = try await store.signingKeys()
        cached.withLock { $0 = keys.map(URLSigner.init) }
        return keys
    }
}
