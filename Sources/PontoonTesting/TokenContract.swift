import Foundation
package import PontoonCore

/// Rules for the tokens in an ``IdentityStore``.
package enum TokenContract: MetadataRule, CaseIterable {
    case tokenRoundTrips
    case tokenIdentifiesItsUser
    case tokenNeedsItsUser
    case tokenIsRevokedByID
    case tokenIsRevokedByHash
    case tokensAreOldestFirst
    case userHasALimitedNumberOfTokens
    case tokenNeedsTheTokenThatCreatesIt
    case disabledUserIsVisibleInTheCaller
    case latestUseIsKept
    case expiredTokensArePruned
    case listsAreLimitedToTheTokensProjects
    case limitsEndWithTheirProject

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .tokenRoundTrips: try await Self.tokenRoundTrips(store)
        case .tokenIdentifiesItsUser: try await Self.tokenIdentifiesItsUser(store, fixture.user)
        case .tokenNeedsItsUser: try await Self.tokenNeedsItsUser(store)
        case .tokenIsRevokedByID: try await Self.tokenIsRevoked(store) { $0.id }
        case .tokenIsRevokedByHash: try await Self.tokenIsRevoked(store) { $0.hash }
        case .tokensAreOldestFirst: try await Self.tokensAreOldestFirst(store)
        case .userHasALimitedNumberOfTokens: try await Self.userHasALimitedNumberOfTokens(store)
        case .tokenNeedsTheTokenThatCreatesIt: try await Self.tokenNeedsTheTokenThatCreatesIt(store)
        case .disabledUserIsVisibleInTheCaller: try await Self.disabledUserIsVisibleInTheCaller(store)
        case .latestUseIsKept: try await Self.latestUseIsKept(store)
        case .expiredTokensArePruned: try await Self.expiredTokensArePruned(store)
        case .listsAreLimitedToTheTokensProjects:
            try await Self.listsAreLimitedToTheTokensProjects(store, fixture)
        case .limitsEndWithTheirProject: try await Self.limitsEndWithTheirProject(store, fixture.project)
        }
    }

    private static func tokenRoundTrips(_ store: some MetadataStore) async throws {
        let projects = Set(["reads", "old_1"].map { ProjectID(owner: "ada", shortName: $0) })
        let expiry = MetadataFixture.time.addingTimeInterval(60)
        let tokens = [
            TokenRecord.new(),
            TokenRecord.new(details: TokenDetails(name: "ü \u{1F600}", rights: TokenRights(scope: .read))),
            TokenRecord.new(
                details: TokenDetails(
                    name: "CI",
                    rights: TokenRights(scope: .upload, projects: projects),
                    expiresOn: expiry
                )
            ),
        ]
        for token in tokens {
            try await store.addToken(token)
            try expect(try await store.caller(withTokenHash: token.hash)?.token, equals: token, "the token of a hash")
        }
        let kept = try await store.tokens(of: "ada").sorted { $0.id < $1.id }
        try expect(kept, equals: tokens.sorted { $0.id < $1.id }, "the user's tokens")
    }

    private static func tokenIdentifiesItsUser(_ store: some MetadataStore, _ user: User) async throws {
        let token = TokenRecord.new()
        try await store.addToken(token)
        try expect(try await store.caller(withTokenHash: token.hash)?.user, equals: user, "the user of a token")
        try expect(try await store.caller(withTokenHash: token.id), equals: nil, "an id is not a hash")
    }

    private static func tokenNeedsItsUser(_ store: some MetadataStore) async throws {
        try await expectRefusal(.userNotFound) { try await store.addToken(.new(of: "bob")) }
    }

    private static func tokenIsRevoked(_ store: some MetadataStore, by name: (TokenRecord) -> String) async throws {
        let (token, other) = (TokenRecord.new(), TokenRecord.new())
        try await store.addToken(token)
        try await store.addToken(other)
        try expect(try await store.revokeToken(name(token)), "there was such a token")
        try expect(try await store.caller(withTokenHash: token.hash), equals: nil, "a revoked token")
        try expect(try await store.tokens(of: "ada"), equals: [other], "only the other token is left")
        try expect(try await !store.revokeToken(name(token)), "the token no longer exists")
    }

    private static func tokensAreOldestFirst(_ store: some MetadataStore) async throws {
        let tokens = [30, 20, 10].map { TokenRecord.new(age: $0) }
        for token in tokens.reversed() { try await store.addToken(token) }
        try expect(try await store.tokens(of: "ada"), equals: tokens, "tokens are ordered oldest first")
        try expect(try await store.tokens(of: "bob"), equals: [], "tokens of an unknown user")
    }

    private static func userHasALimitedNumberOfTokens(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try await store.addToken(.new(of: "bob"))
        let added = try await concurrently(16) { _ in
            do {
                try await store.addToken(.new(), maximum: 5)
                return true
            } catch let error as PontoonError where error.code == .limitReached {
                return false
            }
        }
        try expect(added.count { $0 }, equals: 5, "concurrent calls do not exceed the limit")
        try expect(try await store.tokens(of: "ada").count, equals: 5, "the tokens that were added")
    }

    private static func tokenNeedsTheTokenThatCreatesIt(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let (first, other) = (TokenRecord.new(), TokenRecord.new(of: "bob"))
        for token in [first, other] { try await store.addToken(token) }
        let second = TokenRecord.new(createdBy: first.id)
        try await store.addToken(second)
        try expect(try await store.tokens(of: "ada").contains(second), "a token creates another one")
        try await expectRefusal(.notAuthenticated) { try await store.addToken(.new(createdBy: other.id)) }
        _ = try await store.setDisabled("ada", since: MetadataFixture.time)
        try await expectRefusal(.notAuthenticated) { try await store.addToken(.new(createdBy: first.id)) }
        try await store.addToken(.new())
        _ = try await store.setDisabled("ada", since: nil)
        _ = try await store.revokeToken(first.id)
        try await expectRefusal(.notAuthenticated) { try await store.addToken(.new(createdBy: first.id)) }
        try expect(
            try await store.caller(withTokenHash: second.hash)?.token?.createdBy,
            equals: first.id,
            "a token outlives the one with which it was created"
        )
    }

    private static func disabledUserIsVisibleInTheCaller(_ store: some MetadataStore) async throws {
        let token = TokenRecord.new()
        try await store.addToken(token)
        try expect(
            try await store.caller(withTokenHash: token.hash)?.user.disabledOn,
            equals: nil,
            "a user who is not disabled"
        )
        let time = MetadataFixture.time
        for later in [0.0, 5] {
            let since = time.addingTimeInterval(later)
            try expect(try await store.setDisabled("ada", since: since), "there is such a user")
            let found = try await store.caller(withTokenHash: token.hash)?.user.disabledOn
            try expect(found, equals: time, "the time at which the user was disabled first")
        }
        try expect(try await store.setDisabled("ada", since: nil), "there is such a user")
        try expect(
            try await store.caller(withTokenHash: token.hash)?.user.disabledOn,
            equals: nil,
            "a user who was enabled again"
        )
        for time in [time, nil] {
            try expect(try await !store.setDisabled("nobody", since: time), "there is no such user")
        }
    }

    private static func latestUseIsKept(_ store: some MetadataStore) async throws {
        let tokens = [TokenRecord.new(age: 2), .new(age: 1)]
        for token in tokens { try await store.addToken(token) }
        let day = MetadataFixture.time.startOfDay
        func expectUses(_ days: [Date?], _ when: String) async throws {
            try expect(try await store.tokens(of: "ada").map(\.usedOn), equals: days, when)
        }
        try await expectUses([nil, nil], "tokens that were never used")
        try await store.noteUses(of: [tokens[0].id, "nope"], on: day)
        try await expectUses([day, nil], "the first use of a token")
        try await store.noteUses(of: tokens.map(\.id), on: day.addingTimeInterval(86_400))
        try await store.noteUses(of: tokens.map(\.id), on: day)
        try await expectUses(Array(repeating: day.addingTimeInterval(86_400), count: 2), "an earlier day is ignored")
        try await store.noteUses(of: [], on: day)
    }

    private static func expiredTokensArePruned(_ store: some MetadataStore) async throws {
        let time = MetadataFixture.time
        let tokens = [nil, -10, 0, 10].map { expiry in
            TokenRecord.new(details: TokenDetails(expiresOn: expiry.map { time.addingTimeInterval($0) }))
        }
        for token in tokens { try await store.addToken(token) }
        try await store.pruneTokens(expiredBefore: time)
        let kept = Set(try await store.tokens(of: "ada").map(\.id))
        try expect(kept, equals: Set([tokens[0], tokens[2], tokens[3]].map(\.id)), "tokens that expire later")
    }

    private static func listsAreLimitedToTheTokensProjects(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = MetadataFixture.project(ProjectID(owner: "ada", shortName: "other"))
        try expect(try await store.addProject(other), "a new project is added")
        let bob = try await MetadataFixture(in: store, user: "bob")
        let foreign = bob.project.id
        let names = ["a", "b", "c", "d"]
        for (age, name) in names.enumerated() {
            try await store.addUpload(
                fixture.upload(name, initiatedOn: MetadataFixture.time.addingTimeInterval(-Double(age)))
            )
        }
        try await store.addUpload(bob.upload("bob's"))
        let cases: [(projects: Set<ProjectID>, uploads: [String], visible: Set<ProjectID>)] = [
            ([fixture.project.id], names, [fixture.project.id]), ([other.id], [], [other.id]),
            ([fixture.project.id, other.id, foreign], names, [fixture.project.id, other.id]), ([foreign], [], []),
            ([], [], []),
        ]
        for (projects, uploads, visible) in cases {
            let list = try await store.uploads(of: "ada", in: projects, page: .all)
            try expect(list.items.map(\.upload.name), equals: uploads, "uploads in \(projects), newest first")
            try expect(list.total, equals: uploads.count, "their total")
            for offset in 0...uploads.count {
                let page = try await store.uploads(of: "ada", in: projects, page: Page(offset: offset, limit: 1))
                let expected = Array(uploads.dropFirst(offset).prefix(1))
                try expect(page.items.map(\.upload.name), equals: expected, "the page at \(offset)")
            }
            let found = try await store.projects(for: "ada", matching: ProjectFilter(ids: projects), page: .all)
            try expect(Set(found.items.map(\.project.id)), equals: visible, "projects among \(projects)")
            try expect(found.total, equals: visible.count, "their total")
        }
    }

    private static func limitsEndWithTheirProject(_ store: some MetadataStore, _ project: Project) async throws {
        let id = project.id
        let names = ["a\(id.shortName)", "\(id.shortName)2", id.shortName.uppercased()]
        let others = Set(names.map { ProjectID(owner: id.owner, shortName: $0) })
        let limits: [Set<ProjectID>?] = [nil, [id], others.union([id]), others]
        // When a project is deleted or added, its id must be removed from the limits of all tokens, including tokens
        // created after an earlier deletion. Otherwise, such a token would be valid for a new project with the same id.
        for isDeletion in [true, false] {
            let tokens = limits.enumerated().map { index, projects in
                TokenRecord.new(
                    age: Double(limits.count - index),
                    details: TokenDetails(rights: TokenRights(projects: projects))
                )
            }
            for token in tokens {
                try await store.addToken(token)
                // After this call, the store may cache the caller.
                let caller = try await store.caller(withTokenHash: token.hash)
                try expect(caller?.token, equals: token, "a new token")
            }
            if isDeletion {
                let revoked = try await store.deleteProject(id)
                let limited = [RevokedToken(id: tokens[1].id, userName: "ada")]
                try expect(revoked, equals: limited, "the token that was limited to the project alone")
            } else {
                try expect(try await store.addProject(project), "the id is free again")
            }
            let left = TokenRights(projects: others)
            let expected: [TokenRights?] = [TokenRights.all, nil, left, left]
            for (token, rights) in zip(tokens, expected) {
                let found = try await store.caller(withTokenHash: token.hash)?.token
                try expect(found?.details.rights, equals: rights, "the rights, deletion: \(isDeletion)")
            }
            try expect(
                try await store.tokens(of: "ada").map(\.details.rights),
                equals: expected.compactMap(\.self),
                "the tokens, deletion: \(isDeletion)"
            )
            for token in tokens { _ = try await store.revokeToken(token.id) }
        }
    }
}

extension TokenRecord {
    /// Creates the record of a token that was created `age` seconds before ``MetadataFixture/time``, without storing
    /// it.
    static func new(
        of userName: String = "ada",
        age: Double = 0,
        details: TokenDetails = TokenDetails(),
        createdBy creator: String? = nil
    ) -> TokenRecord {
        TokenRecord(
            id: Identifiers.hex(bytes: 6),
            userName: userName,
            hash: Identifiers.hex(bytes: 32),
            createdOn: MetadataFixture.time.addingTimeInterval(-age),
            details: details,
            createdBy: creator
        )
    }
}

extension IdentityStore {
    /// Adds a token, without a limit on the number of the user's tokens.
    package func addToken(_ token: TokenRecord) async throws { try await addToken(token, maximum: .max) }
}
