import Foundation
package import PontoonCore

/// Rules for the removal of users from an ``IdentityStore``.
package enum UserRemovalContract: MetadataRule, CaseIterable {
    case unknownUserIsNotRemoved
    case onlyUserIsNotRemoved
    case ownerIsNotRemoved
    case removalDeletesEverythingOfTheUser
    case removalKeepsTheRecordsOfOthers
    case heirOwnsTheProjects
    case heirIsCountedAsAMemberOnce
    case concurrentProjectsAreNotLost

    package func check(_ store: some MetadataStore) async throws {
        let ada = try await MetadataFixture(in: store)
        switch self {
        case .unknownUserIsNotRemoved: try await Self.unknownUserIsNotRemoved(store)
        case .onlyUserIsNotRemoved: try await Self.onlyUserIsNotRemoved(store, ada)
        case .ownerIsNotRemoved: try await Self.ownerIsNotRemoved(store, ada)
        case .removalDeletesEverythingOfTheUser: try await Self.removalDeletesEverythingOfTheUser(store, ada)
        case .removalKeepsTheRecordsOfOthers: try await Self.removalKeepsTheRecordsOfOthers(store, ada)
        case .heirOwnsTheProjects: try await Self.heirOwnsTheProjects(store, ada)
        case .heirIsCountedAsAMemberOnce: try await Self.heirIsCountedAsAMemberOnce(store, ada)
        case .concurrentProjectsAreNotLost: try await Self.concurrentProjectsAreNotLost(store, ada)
        }
    }

    /// Adds the user Bob, who owns no projects, and makes him a member of Ada's project with all permissions.
    private static func addBob(to store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let member = Member(userName: "bob", permissions: .all)
        try expect(try await store.addMember(member, to: ada.project.id), "a new member is added")
    }

    /// Creates an upload by Bob to a destination, without storing it.
    private static func upload(_ name: String, to destination: Upload.Destination) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: "bob",
            destination: destination,
            name: name,
            size: 10,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: MetadataFixture.time
        )
    }

    private static func upload(_ name: String, in ada: MetadataFixture) -> Upload {
        upload(name, to: .folder(id: ada.root, project: ada.project.id, wasGivenByFolder: false))
    }

    private static func unknownUserIsNotRemoved(_ store: some MetadataStore) async throws {
        for heir in ["ada", nil] {
            let result = try await store.removeUser("nobody", givingProjectsTo: heir)
            try expect(result, equals: .noUser, "the removal of an unknown user")
        }
        let result = try await store.removeUser("ada", givingProjectsTo: "nobody")
        try expect(result, equals: .noHeir, "a gift to an unknown user")
        try expect(try await store.user(named: "ada")?.name, equals: "ada", "the user is kept")
    }

    private static func onlyUserIsNotRemoved(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        _ = try await store.deleteProject(ada.project.id)
        try expect(try await store.removeUser("ada", givingProjectsTo: nil), equals: .isLast, "the only user")
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try expect(try await store.removeUser("ada", givingProjectsTo: nil), equals: .removed, "one of two users")
        try expect(try await store.removeUser("bob", givingProjectsTo: nil), equals: .isLast, "the other one")
    }

    private static func ownerIsNotRemoved(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await addBob(to: store, ada)
        let token = TokenRecord.new()
        try await store.addToken(token)
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
        _ = try await store.addProject(second)
        let owned = Set(try await store.projects(ownedBy: "ada", limit: 9))
        try expect(owned, equals: [ada.project.id, second.id], "the projects that a user owns")
        try expect(try await store.projects(ownedBy: "ada", limit: 1).count, equals: 1, "some of them")
        try expect(try await store.projects(ownedBy: "bob", limit: 9), equals: [], "those of a member")
        let result = try await store.removeUser("ada", givingProjectsTo: nil)
        try expect(result, equals: .ownsProjects(2), "the removal of an owner")
        try expect(try await store.caller(withTokenHash: token.hash)?.token, equals: token, "the token is kept")
        try expect(try await store.project(second.id, for: "ada") != nil, "the project is kept")
    }

    private static func removalDeletesEverythingOfTheUser(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        try await addBob(to: store, ada)
        let token = TokenRecord.new(of: "bob")
        try await store.addToken(token)
        let automation = Automation(
            id: Identifiers.uuid(),
            owner: "bob",
            name: "a",
            description: "",
            createdOn: MetadataFixture.time
        )
        try await store.addAutomation(automation)
        let (active, completing, done) = (upload("1", in: ada), upload("2", in: ada), upload("3", in: ada))
        for upload in [active, completing, done] { try await store.addUpload(upload) }
        _ = try await store.recordPart(try MetadataFixture.part(1), of: active.id)
        for upload in [completing, done] { _ = try await store.beginCompletion(of: upload.id) }
        let file = ada.file(of: done)
        _ = try await store.completeUpload(done.id, file: file, overwrite: false)
        let destination = Upload.Destination.automation(id: automation.id)
        let (package, open) = (upload("4", to: destination), upload("5", to: destination))
        for upload in [package, open] { try await store.addUpload(upload) }
        _ = try await store.beginCompletion(of: package.id)
        let code = PackageFile(
            id: Identifiers.file(now: MetadataFixture.time),
            automation: automation.id,
            name: "4",
            content: MetadataFixture.content(of: package),
            createdOn: MetadataFixture.time
        )
        _ = try await store.completeUpload(package.id, packageFile: code)
        try await store.addPackage(
            CodePackage(
                id: Identifiers.uuid(),
                automation: automation.id,
                version: "1",
                location: code.id,
                schema: "{}",
                memoryLimit: nil,
                python: nil,
                createdBy: "bob",
                createdOn: MetadataFixture.time
            )
        )
        let link = ada.link(createdBy: "bob")
        try await store.addUploadLink(link, secretHash: "s")

        try expect(try await store.removeUser("bob", givingProjectsTo: nil), equals: .removed, "a member is removed")
        try expect(try await store.user(named: "bob"), equals: nil, "the user")
        try expect(try await store.caller(withTokenHash: token.hash), equals: nil, "the token")
        try expect(try await store.permissions(of: "bob", in: ada.project.id), equals: nil, "the membership")
        try expect(try await store.uploadLink(link.id) == nil, "the upload link")
        try expect(try await store.automation(automation.id), equals: nil, "the automation")
        for upload in [active, completing, done, package, open] {
            try expect(try await store.upload(upload.id), equals: nil, "the upload \(upload.name)")
        }
        let discarded = Set(try await store.discardedObjects(limit: 9).map(\.key))
        let expected = Set([active, completing, package, open].map(\.key))
        try expect(discarded, equals: expected, "the objects of unfinished uploads and code packages are discarded")
        try expect(try await store.file(file.id)?.name, equals: "3", "the file stays in the project of its owner")
    }

    private static func removalKeepsTheRecordsOfOthers(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        try await addBob(to: store, ada)
        let token = TokenRecord.new()
        try await store.addToken(token)
        let (mine, his) = (ada.upload("mine"), upload("his", in: ada))
        for upload in [mine, his] { try await store.addUpload(upload) }
        let (link, _) = try await ada.addLink(to: store)
        try expect(try await store.removeUser("bob", givingProjectsTo: "ada"), equals: .removed, "a member is removed")
        try expect(try await store.upload(mine.id)?.id, equals: mine.id, "uploads of others")
        try expect(try await store.uploadLink(link.id)?.link.id, equals: link.id, "links of others")
        try expect(try await store.caller(withTokenHash: token.hash)?.token, equals: token, "tokens of others")
        try expect(try await store.uploads(of: "ada", page: .all).total, equals: 1, "the total of their uploads")
        let projects = try await store.projects(for: "ada", matching: ProjectFilter(), page: .all)
        try expect(projects.total, equals: 1, "the total of their projects")
    }

    private static func heirOwnsTheProjects(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob")
        let file = try await ada.addFile("a", to: store)
        let open = ada.upload("open")
        try await store.addUpload(open)
        let id = ada.project.id
        _ = try await store.project(id, for: "bob", reading: .cached)
        try expect(try await store.removeUser("ada", givingProjectsTo: "bob"), equals: .removed, "an owner is removed")
        let given = try await store.project(id, for: "bob", reading: .cached)
        try expect(given?.permissions, equals: .all, "the new owner may do everything")
        try expect(given?.project.owner, equals: "bob", "the new owner")
        try expect(given?.project.id, equals: id, "the id stays the same")
        try expect(try await store.members(of: id, page: .all).items.map(\.userName), equals: ["bob"], "the members")
        try expect(try await store.file(file.id)?.project, equals: id, "the files stay")
        try expect(try await store.upload(open.id), equals: nil, "unfinished uploads of the former owner do not")
        let list = try await store.projects(for: "bob", matching: ProjectFilter(owner: "bob"), page: .all)
        try expect(Set(list.items.map(\.project.id)), equals: [id, bob.project.id], "the new owner's projects")
        try expect(try await store.ownedProjects(of: "bob", upTo: 9), equals: 2, "their number")
        // A new user with the former owner's name has no access to the project.
        try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
        try expect(try await store.project(id, for: "ada"), equals: nil, "a new user with the former owner's name")
        try expect(try await store.isTaken(id), "the id stays taken")
        try expect(try await store.removeUser("ada", givingProjectsTo: nil), equals: .removed, "who owns nothing")
    }

    private static func heirIsCountedAsAMemberOnce(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try expect(
            try await store.addMember(Member(userName: "bob", permissions: Permissions()), to: ada.project.id),
            "a new member is added"
        )
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
        _ = try await store.addProject(second)
        try expect(try await store.removeUser("ada", givingProjectsTo: "bob"), equals: .removed, "an owner is removed")
        let list = try await store.projects(for: "bob", matching: ProjectFilter(), page: .all)
        try expect(list.total, equals: 2, "the total of the new owner's projects")
        try expect(list.items.count, equals: 2, "the new owner's projects")
        try expect(list.items.allSatisfy { $0.permissions == .all }, "the new owner may do everything in each")
    }

    private static func concurrentProjectsAreNotLost(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let added = try await concurrently(17) { index in
            if index == 8 {
                let result = try await store.removeUser("ada", givingProjectsTo: "bob")
                try expect(result, equals: .removed, "the owner is removed")
                return false
            }
            do {
                let id = ProjectID(owner: "ada", shortName: "p\(index)")
                return try await store.addProject(MetadataFixture.project(id))
            } catch let error as PontoonError where error.code == .userNotFound {
                return false
            }
        }
        let list = try await store.projects(for: "bob", matching: ProjectFilter(owner: "bob"), page: .all)
        try expect(list.items.count, equals: added.count { $0 } + 1, "all projects of the removed user were given")
        let all = try await store.projects(for: "bob", matching: ProjectFilter(), page: .all)
        try expect(all.total, equals: list.items.count, "the total of the new owner's projects")
    }
}
