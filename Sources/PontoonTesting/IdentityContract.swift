import Foundation
package import PontoonCore

/// What every ``IdentityStore`` promises; each rule needs an empty store.
package enum IdentityContract: String, CaseIterable, Sendable {
    case emptyUntilTheFirstUser
    case userNameIsUnique
    case userNameIsCaseSensitive
    case tokenLeadsToItsUser
    case tokenNeedsItsUser
    case tokenIsRevokedByID
    case tokenIsRevokedByHash
    case tokensAreOldestFirst
    case bootstrapMakesEverything
    case bootstrapHappensOnceAmongMany
    case bootstrapIsRefusedAfterAUser

    /// Fails when the store breaks the rule.
    package func check(_ store: some MetadataStore) async throws {
        switch self {
        case .emptyUntilTheFirstUser: try await Self.emptyUntilTheFirstUser(store)
        case .userNameIsUnique: try await Self.userNameIsUnique(store)
        case .userNameIsCaseSensitive: try await Self.userNameIsCaseSensitive(store)
        case .tokenLeadsToItsUser: try await Self.tokenLeadsToItsUser(store)
        case .tokenNeedsItsUser: try await Self.tokenNeedsItsUser(store)
        case .tokenIsRevokedByID: try await Self.tokenIsRevoked(store) { $0.id }
        case .tokenIsRevokedByHash: try await Self.tokenIsRevoked(store) { $0.hash }
        case .tokensAreOldestFirst: try await Self.tokensAreOldestFirst(store)
        case .bootstrapMakesEverything: try await Self.bootstrapMakesEverything(store)
        case .bootstrapHappensOnceAmongMany: try await Self.bootstrapHappensOnceAmongMany(store)
        case .bootstrapIsRefusedAfterAUser: try await Self.bootstrapIsRefusedAfterAUser(store)
        }
    }

    private static let ada = User(name: "ada", createdOn: MetadataFixture.time)

    private static func token(of user: User = ada, age: Double = 0) -> TokenRecord {
        TokenRecord(
            id: Identifiers.hex(bytes: 6),
            userName: user.name,
            hash: Identifiers.hex(bytes: 32),
            createdOn: MetadataFixture.time.addingTimeInterval(-age)
        )
    }

    private static func emptyUntilTheFirstUser(_ store: some MetadataStore) async throws {
        try expect(try await store.isEmpty(), "a new store is empty")
        try await store.addUser(ada)
        try expect(try await !store.isEmpty(), "a store with a user is not empty")
        try expect(try await store.user(named: "ada"), equals: ada, "a user is found by name")
        try expect(try await store.user(named: "bob"), equals: nil, "an unknown user")
    }

    private static func userNameIsUnique(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        try await expectRefusal(.userExists) { try await store.addUser(ada) }
    }

    private static func userNameIsCaseSensitive(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        try await store.addUser(User(name: "Ada", createdOn: MetadataFixture.time))
        try expect(try await store.user(named: "ADA"), equals: nil, "another case is another name")
    }

    private static func tokenLeadsToItsUser(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        let token = token()
        try await store.addToken(token)
        try expect(try await store.user(withTokenHash: token.hash), equals: ada, "the user of a token")
        try expect(try await store.user(withTokenHash: token.id), equals: nil, "an id is no hash")
    }

    private static func tokenNeedsItsUser(_ store: some MetadataStore) async throws {
        try await expectRefusal(.userNotFound) { try await store.addToken(token()) }
    }

    private static func tokenIsRevoked(_ store: some MetadataStore, by name: (TokenRecord) -> String) async throws {
        try await store.addUser(ada)
        let (token, other) = (token(), token())
        try await store.addToken(token)
        try await store.addToken(other)
        try expect(try await store.revokeToken(name(token)), "there was such a token")
        try expect(try await store.user(withTokenHash: token.hash), equals: nil, "a revoked token")
        try expect(try await store.tokens(of: "ada"), equals: [other], "only the other token is left")
        try expect(try await !store.revokeToken(name(token)), "there is no such token any more")
    }

    private static func tokensAreOldestFirst(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        let tokens = [30, 20, 10].map { token(age: $0) }
        for token in tokens.reversed() { try await store.addToken(token) }
        try expect(try await store.tokens(of: "ada"), equals: tokens, "tokens come oldest first")
        try expect(try await store.tokens(of: "bob"), equals: [], "tokens of an unknown user")
    }

    private static func bootstrapMakesEverything(_ store: some MetadataStore) async throws {
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "reads"))
        let token = token()
        try expect(try await store.bootstrap(user: ada, project: project, token: token), "an empty store is set up")
        try expect(try await store.user(withTokenHash: token.hash), equals: ada, "the token works")
        let found = try await store.project(project.id, for: "ada")
        try expect(found, equals: AccessibleProject(project: project, permissions: .all), "the project is the user's")
        try expect(try await store.file(project.rootFolder)?.kind, equals: .folder, "the project has a root folder")
    }

    private static func bootstrapHappensOnceAmongMany(_ store: some MetadataStore) async throws {
        let wins = try await concurrently(16) { index in
            let user = User(name: "user\(index)", createdOn: MetadataFixture.time)
            let project = MetadataFixture.project(ProjectID(owner: user.name, shortName: "reads"))
            let token = token(of: user)
            guard try await store.bootstrap(user: user, project: project, token: token) else {
                try expect(try await store.user(named: user.name), equals: nil, "a loser leaves nothing behind")
                return false
            }
            return true
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many sets the store up")
    }

    private static func bootstrapIsRefusedAfterAUser(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "reads"))
        try expect(try await !store.bootstrap(user: ada, project: project, token: token()), "a user exists already")
        try expect(try await store.user(named: "ada"), equals: nil, "nothing was changed")
    }
}
