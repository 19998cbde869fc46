import Foundation
package import PontoonCore

/// Rules for ``SigningKeyStore``.
package enum SigningKeyContract: MetadataRule, CaseIterable {
    case keysAreNewestFirst
    case pruneDeletesOldKeys
    case pruneKeepsTheNewest

    package func check(_ store: some MetadataStore) async throws {
        let time = MetadataFixture.time
        let keys = [0, 10, 20].map { SigningKey.random(now: time.addingTimeInterval(-$0)) }
        try expect(try await store.signingKeys(), equals: [], "a new store has no keys")
        for key in [keys[1], keys[0], keys[2]] { try await store.addSigningKey(key) }
        switch self {
        case .keysAreNewestFirst:
            break
        case .pruneDeletesOldKeys:
            try await store.pruneSigningKeys(before: time.addingTimeInterval(-10))
            try expect(
                try await store.signingKeys(),
                equals: [keys[0], keys[1]],
                "a key created at the given time is kept"
            )
            return
        case .pruneKeepsTheNewest:
            try await store.pruneSigningKeys(before: time.addingTimeInterval(1000))
            try expect(try await store.signingKeys(), equals: [keys[0]], "the newest key is never deleted")
            try await store.pruneSigningKeys(before: time.addingTimeInterval(1000))
            try expect(try await store.signingKeys(), equals: [keys[0]], "a second call does not delete it either")
            return
        }
        try expect(try await store.signingKeys(), equals: keys, "keys are ordered newest first")
        try expect(
            try await store.signingKeys().map(\.secret.value),
            equals: keys.map(\.secret.value),
            "secrets are stored unchanged"
        )
    }
}
