import Foundation
package import PontoonCore

/// Rules for ``IdentityStore``.
package enum IdentityContract: MetadataRule, CaseIterable {
    case emptyUntilTheFirstUser
    case userNameIsUnique
    case userNameIsCaseSensitive
    case tokenIdentifiesItsUser
    case tokenNeedsItsUser
    case tokenIsRevokedByID
    case tokenIsRevokedByHash
    case tokensAreOldestFirst
    case bootstrapCreatesEverything
    case oneOfManyCallersBootstraps
    case bootstrapNeedsAnEmptyStore

    package func check(_ store: some MetadataStore) async throws {
        switch self {
        case .emptyUntilTheFirstUser: try await Self.emptyUntilTheFirstUser(store)
        case .userNameIsUnique: try await Self.userNameIsUnique(store)
        case .userNameIsCaseSensitive: try await Self.userNameIsCaseSensitive(store)
        case .tokenIdentifiesItsUser: try await Self.tokenIdentifiesItsUser(store)
        case .tokenNeedsItsUser: try await Self.tokenNeedsItsUser(store)
        case .tokenIsRevokedByID: try await Self.tokenIsRevoked(store) { $0.id }
        case .tokenIsRevokedByHash: try await Self.tokenIsRevoked(store) { $0.hash }
        case .tokensAreOldestFirst: try await Self.tokensAreOldestFirst(store)
        case .bootstrapCreatesEverything: try await Self.bootstrapCreatesEverything(store)
        case .oneOfManyCallersBootstraps: try await Self.oneOfManyCallersBootstraps(store)
        case .bootstrapNeedsAnEmptyStore: try await Self.bootstrapNeedsAnEmptyStore(store)
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
        try expect(try await store.user(named: "ADA"), equals: nil, "names are case-sensitive")
    }

    private static func tokenIdentifiesItsUser(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        let token = token()
        try await store.addToken(token)
        try expect(try await store.user(withTokenHash: token.hash), equals: ada, "the user of a token")
        try expect(try await store.user(withTokenHash: token.id), equals: nil, "an id is not a hash")
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
        try expect(try await !store.revokeToken(name(token)), "the token no longer exists")
    }

    private static func tokensAreOldestFirst(_ store: some MetadataStore) async throws {
        try await store.addUser(ada)
        let tokens = [30, 20, 10].map { token(age: $0) }
        for token in tokens.reversed() { try await store.addToken(token) }
        try expect(try await store.tokens(of: "ada"), equals: tokens, "tokens are ordered oldest first")
        try expect(try await store.tokens(of: "bob"), equals: [], "tokens of an unknown user")
    }

    private static func bootstrapCreatesEverything(_ store: some MetadataStore) async throws {
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "reads"))
        let token = token()
        try expect(
            try await store.bootstrap(user: ada, project: project, token: token),
            "an empty store is bootstrapped"
        )
        try expect(try await store.user(withTokenHash: token.hash), equals: ada, "the token works")
        let found = try await store.project(project.id, for: "ada")
        try expect(found, equals: AccessibleProject(project: project, permissions: .all), "the project is the user's")
        try expect(try await store.file(project.rootFolder)?.kind, equals: .folder, "the project has a root folder")
    }

    private static func oneOfManyCallersBootstraps(_ store: some MetadataStore) async throws {
        let wins = try await concurrently(16) { index in
            let user = User(name: "user\(index)", createdOn: MetadataFixture.time)
            let project = MetadataFixture.project(ProjectID(owner: user.name, shortName: "reads"))
            let token = token(of: user)
            guard try await store.bootstrap(user: user, project: project, token: token) else {
                try expect(
                    try await store.user(named: user.name),
                    equals: nil,
                    "a caller that fails leaves nothing behind"
                )
                return false
            }
            return true
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many callers bootstraps the store")
    }

    private static func bootstrapNeedsAnEmptyStore(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "reads"))
        try expect(try await !store.bootstrap(user: ada, project: project, token: token()), "the store is not empty")
        try expect(try await store.user(named: "ada"), equals: nil, "nothing was changed")
    }
}
