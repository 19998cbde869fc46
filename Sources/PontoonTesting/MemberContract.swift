import Foundation
package import PontoonCore

/// Rules for ``ProjectStore`` about the members of projects.
package enum MemberContract: MetadataRule, CaseIterable {
    case ownerIsAMember
    case newMemberHasAccess
    case memberIsAddedOnce
    case oneOfManyCallersAddsTheMember
    case memberMustBeAUser
    case projectMustExist
    case pagesAreOrderedByName
    case unnamedPermissionsAreUnchanged
    case readCannotBeRevoked
    case adminIncludesAllPermissions
    case concurrentChangesAreNotLost
    case changeOfUnknownIsNil
    case removedMemberLosesAccess
    case membershipsAreDeletedWithTheirProject

    package func check(_ store: some MetadataStore) async throws {
        switch self {
        case .ownerIsAMember: try await Self.ownerIsAMember(store)
        case .newMemberHasAccess: try await Self.newMemberHasAccess(store)
        case .memberIsAddedOnce: try await Self.memberIsAddedOnce(store)
        case .oneOfManyCallersAddsTheMember: try await Self.oneOfManyCallersAddsTheMember(store)
        case .memberMustBeAUser: try await Self.memberMustBeAUser(store)
        case .projectMustExist: try await Self.projectMustExist(store)
        case .pagesAreOrderedByName: try await Self.pagesAreOrderedByName(store)
        case .unnamedPermissionsAreUnchanged: try await Self.unnamedPermissionsAreUnchanged(store)
        case .readCannotBeRevoked: try await Self.readCannotBeRevoked(store)
        case .adminIncludesAllPermissions: try await Self.adminIncludesAllPermissions(store)
        case .concurrentChangesAreNotLost: try await Self.concurrentChangesAreNotLost(store)
        case .changeOfUnknownIsNil: try await Self.changeOfUnknownIsNil(store)
        case .removedMemberLosesAccess: try await Self.removedMemberLosesAccess(store)
        case .membershipsAreDeletedWithTheirProject: try await Self.membershipsAreDeletedWithTheirProject(store)
        }
    }

    /// Adds the user ada with a project, and the user bob, who is not a member; returns the project's id.
    private static func project(_ store: some MetadataStore) async throws -> ProjectID {
        let fixture = try await MetadataFixture(in: store)
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        return fixture.project.id
    }

    /// Adds a project of ada, with bob as a member who has the given permissions; returns the project's id.
    private static func project(_ store: some MetadataStore, bob: Permissions) async throws -> ProjectID {
        let id = try await project(store)
        let isAdded = try await store.addMember(Member(userName: "bob", permissions: bob), to: id)
        try expect(isAdded, "a new member is added")
        return id
    }

    private static func ownerIsAMember(_ store: some MetadataStore) async throws {
        let id = try await project(store)
        try expect(try await store.permissions(of: "ada", in: id), equals: .all, "the owner may do everything")
        try expect(try await store.permissions(of: "bob", in: id), equals: nil, "a stranger has no permissions")
        let list = try await store.members(of: id, page: .all)
        try expect(list.items, equals: [Member(userName: "ada", permissions: .all)], "the owner is listed")
        try expect(list.total, equals: 1, "the owner is counted")
        let unknown = ProjectID(owner: "ada", shortName: "unknown")
        try expect(try await store.permissions(of: "ada", in: unknown), equals: nil, "an unknown project")
        try expect(try await store.members(of: unknown, page: .all).items, equals: [], "members of an unknown project")
    }

    private static func newMemberHasAccess(_ store: some MetadataStore) async throws {
        let rights = Permissions(copy: true, execute: true)
        let id = try await project(store, bob: rights)
        try expect(try await store.permissions(of: "bob", in: id), equals: rights, "the given permissions")
        try expect(try await store.project(id, for: "bob")?.permissions, equals: rights, "the member sees the project")
        let list = try await store.projects(for: "bob", matching: ProjectFilter(), page: .all)
        try expect(list.items.map(\.project.id), equals: [id], "the member finds the project")
    }

    private static func memberIsAddedOnce(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions(copy: true))
        let again = Member(userName: "bob", permissions: .all)
        try expect(try await !store.addMember(again, to: id), "bob is already a member")
        let kept = try await store.permissions(of: "bob", in: id)
        try expect(kept, equals: Permissions(copy: true), "the permissions are unchanged")
        let owner = Member(userName: "ada", permissions: Permissions())
        try expect(try await !store.addMember(owner, to: id), "the owner is already a member")
        try expect(try await store.permissions(of: "ada", in: id), equals: .all, "the owner keeps all permissions")
    }

    private static func oneOfManyCallersAddsTheMember(_ store: some MetadataStore) async throws {
        let id = try await project(store)
        let wins = try await concurrently(16) { _ in
            try await store.addMember(Member(userName: "bob", permissions: Permissions()), to: id)
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many callers adds the member")
        try expect(try await store.members(of: id, page: .all).total, equals: 2, "the member is listed once")
    }

    private static func memberMustBeAUser(_ store: some MetadataStore) async throws {
        let id = try await project(store)
        let nobody = Member(userName: "Bob", permissions: .all)
        try await expectRefusal(.userNotFound) { try await store.addMember(nobody, to: id) }
        try expect(try await store.members(of: id, page: .all).total, equals: 1, "nobody was added")
    }

    private static func projectMustExist(_ store: some MetadataStore) async throws {
        _ = try await project(store)
        let unknown = ProjectID(owner: "ada", shortName: "unknown")
        let member = Member(userName: "bob", permissions: .all)
        try await expectRefusal(.projectNotFound) { try await store.addMember(member, to: unknown) }
    }

    private static func pagesAreOrderedByName(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions())
        for name in ["zoe", "Zoe", "carl"] {
            try await store.addUser(User(name: name, createdOn: MetadataFixture.time))
            let member = Member(userName: name, permissions: Permissions(write: true))
            try expect(try await store.addMember(member, to: id), "a new member is added")
        }
        let names = ["Zoe", "ada", "bob", "carl", "zoe"]
        let pages: [(page: Page, expected: ArraySlice<String>)] = [
            (.all, names[...]), (Page(offset: 0, limit: 2), names[0..<2]), (Page(offset: 2, limit: 2), names[2..<4]),
            (Page(offset: 4, limit: 2), names[4..<5]), (Page(offset: 9, limit: 2), []), (Page(offset: 0, limit: 0), []),
        ]
        for (page, expected) in pages {
            let list = try await store.members(of: id, page: page)
            try expect(list.items.map(\.userName), equals: Array(expected), "members are ordered by name")
            try expect(list.total, equals: 5, "the total does not depend on the page")
        }
        let other = MetadataFixture.project(ProjectID(owner: "bob", shortName: "other"))
        try expect(try await store.addProject(other), "a new project is added")
        try expect(try await store.members(of: other.id, page: .all).total, equals: 1, "projects do not share members")
    }
}

// MARK: - Changes and removal

extension MemberContract {
    private static func unnamedPermissionsAreUnchanged(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions(copy: true))
        let steps: [(change: PermissionsChange, expected: Permissions)] = [
            ([:], Permissions(copy: true)),
            ([.write: true], Permissions(copy: true, write: true)),
            ([.copy: false, .execute: true], Permissions(write: true, execute: true)),
            ([.write: false, .execute: false, .admin: false], Permissions()),
            ([.read: true, .copy: true, .write: true, .execute: true, .admin: true], .all),
        ]
        for (change, expected) in steps {
            let response = try await store.changePermissions(of: "bob", in: id, change)
            try expect(response, equals: expected, "the permissions after \(change)")
            try expect(try await store.permissions(of: "bob", in: id), equals: expected, "the stored permissions")
        }
        try expect(try await store.permissions(of: "ada", in: id), equals: .all, "another member's permissions")
    }

    private static func readCannotBeRevoked(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions(copy: true))
        let nothing = Dictionary(uniqueKeysWithValues: Permission.allCases.map { ($0, false) })
        let rights = try await store.changePermissions(of: "bob", in: id, nothing)
        try expect(rights, equals: Permissions(), "everything that can be revoked is revoked")
        let seen = try await store.project(id, for: "bob")?.permissions
        try expect(seen?.read, equals: true, "a member can always read")
    }

    private static func adminIncludesAllPermissions(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions())
        let steps: [(change: PermissionsChange, expected: Permissions)] = [
            ([.admin: true], .all), ([.write: false], .all), ([.admin: true, .copy: false], .all),
            // Revoking admin keeps the permissions that it included.
            ([.admin: false, .write: false], Permissions(copy: true, execute: true)),
        ]
        for (change, expected) in steps {
            let response = try await store.changePermissions(of: "bob", in: id, change)
            try expect(response, equals: expected, "the permissions after \(change)")
            try expect(
                try await store.project(id, for: "bob")?.permissions,
                equals: expected,
                "the effective permissions"
            )
        }
    }

    private static func concurrentChangesAreNotLost(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: Permissions())
        let rights: [Permission] = [.copy, .write, .execute]
        _ = try await concurrently(rights.count) { index in
            try await store.changePermissions(of: "bob", in: id, [rights[index]: true])
        }
        let kept = try await store.permissions(of: "bob", in: id)
        try expect(kept, equals: Permissions(copy: true, write: true, execute: true), "no change is lost")
    }

    private static func changeOfUnknownIsNil(_ store: some MetadataStore) async throws {
        let id = try await project(store)
        let changed = try await store.changePermissions(of: "bob", in: id, [.write: true])
        try expect(changed, equals: nil, "bob is not a member")
        try expect(try await store.project(id, for: "bob"), equals: nil, "bob does not become a member")
        try expect(try await !store.removeMember("bob", from: id), "there is no member to remove")
    }

    private static func removedMemberLosesAccess(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: .all)
        try expect(try await store.removeMember("bob", from: id), "there was such a member")
        try expect(try await store.permissions(of: "bob", in: id), equals: nil, "a removed member's permissions")
        try expect(try await store.project(id, for: "bob"), equals: nil, "what a removed member sees")
        try expect(
            try await store.members(of: id, page: .all).items.map(\.userName),
            equals: ["ada"],
            "the remaining members"
        )
        try expect(try await !store.removeMember("bob", from: id), "a member is removed only once")
        let back = Member(userName: "bob", permissions: Permissions())
        try expect(try await store.addMember(back, to: id), "a removed member can be added again")
        try expect(try await store.permissions(of: "bob", in: id), equals: Permissions(), "the new permissions")
    }

    private static func membershipsAreDeletedWithTheirProject(_ store: some MetadataStore) async throws {
        let id = try await project(store, bob: .all)
        try expect(try await store.deleteProject(id) != nil, "there was such a project")
        try expect(try await store.permissions(of: "bob", in: id), equals: nil, "a member of a deleted project")
        try expect(try await store.addProject(MetadataFixture.project(id)), "the id is free again")
        try expect(try await store.project(id, for: "bob"), equals: nil, "a new project has only its owner")
    }
}
