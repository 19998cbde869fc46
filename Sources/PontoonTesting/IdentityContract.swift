import Foundation
package import PontoonCore

/// Rules for ``IdentityStore`` about users and the bootstrap.
///
/// ``TokenContract`` and ``UserRemovalContract`` contain the rules about tokens and the removal of users.
package enum IdentityContract: MetadataRule, CaseIterable {
    case emptyUntilTheFirstUser
    case userNameIsUnique
    case userNameIsCaseSensitive
    case usersRoundTrip
    case emailIsUnique
    case usersAreListedByName
    case administratorsAreListed
    case bootstrapCreatesEverything
    case oneOfManyCallersBootstraps
    case bootstrapNeedsAnEmptyStore

    package func check(_ store: some MetadataStore) async throws {
        switch self {
        case .emptyUntilTheFirstUser: try await Self.emptyUntilTheFirstUser(store)
        case .userNameIsUnique: try await Self.userNameIsUnique(store)
        case .userNameIsCaseSensitive: try await Self.userNameIsCaseSensitive(store)
        case .usersRoundTrip: try await Self.usersRoundTrip(store)
        case .emailIsUnique: try await Self.emailIsUnique(store)
        case .usersAreListedByName: try await Self.usersAreListedByName(store)
        case .administratorsAreListed: try await Self.administratorsAreListed(store)
        case .bootstrapCreatesEverything: try await Self.bootstrapCreatesEverything(store)
        case .oneOfManyCallersBootstraps: try await Self.oneOfManyCallersBootstraps(store)
        case .bootstrapNeedsAnEmptyStore: try await Self.bootstrapNeedsAnEmptyStore(store)
        }
    }

    private static let ada = User(name: "ada", createdOn: MetadataFixture.time)

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

    private static func usersRoundTrip(_ store: some MetadataStore) async throws {
        let time = MetadataFixture.time
        let service = User(name: "bot", createdOn: time, isService: true)
        let other = User(name: "d", createdOn: time, email: "d@example.org")
        let administrator = User(name: "e", createdOn: time, isAdministrator: true)
        for user in [ada, service, User(name: "c", createdOn: time, disabledOn: time), other, administrator] {
            try await store.addUser(user)
            try expect(try await store.user(named: user.name), equals: user, "a stored user is read back unchanged")
        }
    }

    private static func emailIsUnique(_ store: some MetadataStore) async throws {
        let time = MetadataFixture.time
        let bob = User(name: "bob", createdOn: time, email: "b@example.org")
        try await store.addUser(ada)
        try await store.addUser(bob)
        try expect(try await store.user(withEmail: "b@example.org"), equals: bob, "a user is found by address")
        try expect(try await store.user(withEmail: "a@example.org"), equals: nil, "an unknown address")
        let twin = User(name: "cyd", createdOn: time, email: "b@example.org")
        try await expectRefusal(.userExists) { try await store.addUser(twin) }
        try expect(try await store.user(named: "cyd"), equals: nil, "a refused user is not added")
        try await expectRefusal(.userExists) { _ = try await store.setEmail("ada", "b@example.org") }
        try expect(try await store.setEmail("bob", "bob@example.org"), "the address is changed")
        try expect(try await store.setEmail("ada", "b@example.org"), "the old address is free")
        try expect(try await store.user(withEmail: "b@example.org")?.name, equals: "ada", "its new owner")
        try expect(try await store.setEmail("bob", nil), "the address is removed")
        try expect(try await store.user(withEmail: "bob@example.org"), equals: nil, "a removed address")
        try expect(try await !store.setEmail("nobody", "n@example.org"), "an unknown user")
    }

    private static func usersAreListedByName(_ store: some MetadataStore) async throws {
        let names = ["ada", "Zoe", "bob"]
        for name in names { try await store.addUser(User(name: name, createdOn: MetadataFixture.time)) }
        _ = try await store.addProject(MetadataFixture.project(ProjectID(owner: "bob", shortName: "reads")))
        for _ in 0..<2 { try await store.addToken(.new()) }
        let users = try await store.users(after: nil, limit: 9)
        try expect(users.map(\.user.name), equals: ["Zoe", "ada", "bob"], "users are ordered by name")
        try expect(users.map(\.ownedProjects), equals: [0, 0, 1], "the number of their projects")
        try expect(users.map(\.tokens), equals: [0, 2, 0], "the number of their tokens")
        try expect(try await store.users(after: "Zoe", limit: 1).map(\.user.name), equals: ["ada"], "one user")
        try expect(try await store.users(after: "bob", limit: 9), equals: [], "the end of the list")
    }

    private static func administratorsAreListed(_ store: some MetadataStore) async throws {
        for name in ["ada", "Zoe", "bob", "cyd"] {
            let isAdministrator = name == "cyd"
            try await store.addUser(
                User(name: name, createdOn: MetadataFixture.time, isAdministrator: isAdministrator)
            )
        }
        func names(_ areAdministrators: Bool?, _ page: Page = .all) async throws -> ([String], Int) {
            let listing = try await store.users(areAdministrators: areAdministrators, page: page)
            return (listing.items.map(\.name), listing.total)
        }
        try expect(try await names(nil).0, equals: ["Zoe", "ada", "bob", "cyd"], "all users, ordered by name")
        let page = try await names(nil, Page(offset: 1, limit: 2))
        try expect(page.0, equals: ["ada", "bob"], "a page")
        try expect(page.1, equals: 4, "the total")
        try expect(try await names(true).0, equals: ["cyd"], "the administrators")
        try expect(try await names(false).1, equals: 3, "the number of other users")
        try expect(try await store.setAdministrator("ada", true), "a user becomes an administrator")
        try expect(try await store.setAdministrator("cyd", false), "another one is no longer an administrator")
        try expect(try await names(true).0, equals: ["ada"], "the administrators after the changes")
        try expect(try await store.user(named: "ada")?.isAdministrator, equals: true, "the user is changed")
        try expect(try await !store.setAdministrator("nobody", true), "an unknown user")
    }

    private static func bootstrapCreatesEverything(_ store: some MetadataStore) async throws {
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "reads"))
        let token = TokenRecord.new()
        try expect(
            try await store.bootstrap(user: ada, project: project, token: token),
            "an empty store is bootstrapped"
        )
        try expect(try await store.caller(withTokenHash: token.hash)?.user, equals: ada, "the token works")
        let found = try await store.project(project.id, for: "ada")
        try expect(found, equals: AccessibleProject(project: project, permissions: .all), "the project is the user's")
        try expect(try await store.file(project.rootFolder)?.kind, equals: .folder, "the project has a root folder")
    }

    private static func oneOfManyCallersBootstraps(_ store: some MetadataStore) async throws {
        let wins = try await concurrently(16) { index in
            let user = User(name: "user\(index)", createdOn: MetadataFixture.time)
            let project = MetadataFixture.project(ProjectID(owner: user.name, shortName: "reads"))
            let token = TokenRecord.new(of: user.name)
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
        try expect(try await !store.bootstrap(user: ada, project: project, token: .new()), "the store is not empty")
        try expect(try await store.user(named: "ada"), equals: nil, "nothing was changed")
    }
}
