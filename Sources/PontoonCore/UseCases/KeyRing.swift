package import Foundation
import Synchronization

/// The keys that sign data-plane URLs, cached in memory so that signing needs no query.
package final class KeyRing: Sendable {
    private let store: any SigningKeyStore
    private let rotationInterval: Duration
    /// Lifetime of a signed URL.
    let urlLifetime: Duration
    private let now: @Sendable () -> Date
    private let cached = Mutex<[URLSigner]>([])

    /// - Parameters:
    ///   - store: The keys, which all servers share.
    ///   - rotationInterval: Time after which a new key replaces the current one.
    ///   - urlLifetime: Lifetime of a URL; a replaced key is kept for this time and a few minutes more.
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

    /// Returns the newest key; if none is cached, reads the keys, and creates one if there is none.
    package func current() async throws -> URLSigner {
        if let newest = cached.withLock({ $0.first }) { return newest }
        try await rotateIfDue()
        guard let newest = cached.withLock({ $0.first }) else {
            throw PontoonError(.internalFault, "There is no signing key.")
        }
        return newest
    }

    /// Returns the key with this id, even if another server has just created it; `nil` if there is none.
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

    /// Creates a key if there is none or the newest one is older than the rotation interval; removes keys whose last
    /// URL has expired.
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

    /// Reads the keys again, because other servers also create and remove keys; returns them, newest first.
    @discardableResult
    package func refresh() async throws -> [SigningKey] {
        let keys = try await store.signingKeys()
        cached.withLock { $0 = keys.map(URLSigner.init) }
        return keys
    }
}
