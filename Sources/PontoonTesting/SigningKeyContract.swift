import Foundation
package import PontoonCore

/// What every ``SigningKeyStore`` promises; each rule needs an empty store.
package enum SigningKeyContract: String, CaseIterable, Sendable {
    case keysAreNewestFirst
    case pruneForgetsOldKeys
    case pruneKeepsTheNewest

    /// Fails when the store breaks the rule.
    package func check(_ store: some MetadataStore) async throws {
        let time = MetadataFixture.time
        let keys = [0, 10, 20].map { SigningKey.random(now: time.addingTimeInterval(-$0)) }
        try expect(try await store.signingKeys(), equals: [], "a new store has no keys")
        for key in [keys[1], keys[0], keys[2]] { try await store.addSigningKey(key) }
        switch self {
        case .keysAreNewestFirst:
            break
        case .pruneForgetsOldKeys:
            try await store.pruneSigningKeys(before: time.addingTimeInterval(-10))
            try expect(try await store.signingKeys(), equals: [keys[0], keys[1]], "a key made at the limit stays")
            return
        case .pruneKeepsTheNewest:
            try await store.pruneSigningKeys(before: time.addingTimeInterval(1000))
            try expect(try await store.signingKeys(), equals: [keys[0]], "the newest key is never forgotten")
            try await store.pruneSigningKeys(before: time.addingTimeInterval(1000))
            try expect(try await store.signingKeys(), equals: [keys[0]], "not by a second call either")
            return
        }
        try expect(try await store.signingKeys(), equals: keys, "keys come newest first")
        try expect(
            try await store.signingKeys().map(\.secret.value),
            equals: keys.map(\.secret.value),
            "secrets are kept as they are"
        )
    }
}
