import Foundation
package import PontoonCore

/// Rules for cached rows: changes made through the same store are immediately visible in cached reads.
package enum ReadCacheContract: MetadataRule, CaseIterable {
    case revokedTokenIsForgotten
    case leasedUploadIsVisibleAtOnce
    case abortedUploadIsForgotten
    case deletedFileIsForgotten
    case uploadIsForgottenWithItsProject
    case changedPermissionsAreVisibleAtOnce
    case removedMemberIsForgotten
    case changedProjectIsVisibleAtOnce

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .revokedTokenIsForgotten: try await Self.revokedTokenIsForgotten(store, fixture)
        case .leasedUploadIsVisibleAtOnce: try await Self.leasedUploadIsVisibleAtOnce(store, fixture)
        case .abortedUploadIsForgotten: try await Self.abortedUploadIsForgotten(store, fixture)
        case .deletedFileIsForgotten: try await Self.deletedFileIsForgotten(store, fixture)
        case .uploadIsForgottenWithItsProject: try await Self.uploadIsForgottenWithItsProject(store, fixture)
        case .changedPermissionsAreVisibleAtOnce: try await Self.changedPermissionsAreVisibleAtOnce(store, fixture)
        case .removedMemberIsForgotten: try await Self.removedMemberIsForgotten(store, fixture)
        case .changedProjectIsVisibleAtOnce: try await Self.changedProjectIsVisibleAtOnce(store, fixture)
        }
    }

    private static func revokedTokenIsForgotten(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let token = TokenRecord.new()
        try await store.addToken(token)
        let known = try await store.caller(withTokenHash: token.hash)?.user
        try expect(known, equals: fixture.user, "the token's user is known")
        try expect(try await store.revokeToken(token.id), "the token is revoked")
        try expect(try await store.caller(withTokenHash: token.hash), equals: nil, "a revoked token identifies nobody")
    }

    private static func leasedUploadIsVisibleAtOnce(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let upload = try await remembered(store, fixture)
        let lease = Lease(id: "a", expiresOn: MetadataFixture.time.addingTimeInterval(30))
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease, now: MetadataFixture.time),
            "the upload is leased"
        )
        try expect(
            try await store.upload(upload.id, reading: .cached)?.state,
            equals: .completing,
            "the lease is visible at once"
        )
        try expect(try await store.releaseCompletionLease(of: upload.id, leaseID: "a"), "the lease is released")
        try expect(
            try await store.upload(upload.id, reading: .cached)?.state,
            equals: .active,
            "the release is visible at once"
        )
    }

    private static func abortedUploadIsForgotten(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await remembered(store, fixture)
        try expect(try await store.abortUpload(upload.id), "the upload is aborted")
        try expect(try await store.upload(upload.id, reading: .cached), equals: nil, "an aborted upload is gone")
    }

    private static func deletedFileIsForgotten(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("a")
        try await store.addFolder(folder)
        try expect(try await store.file(folder.id, reading: .cached), equals: folder, "a folder is found")
        try expect(try await store.deleteFile(folder.id), "the folder is deleted")
        try expect(try await store.file(folder.id, reading: .cached), equals: nil, "a deleted folder is gone")
    }

    private static func uploadIsForgottenWithItsProject(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let upload = try await remembered(store, fixture)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        try expect(try await store.upload(upload.id, reading: .cached), equals: nil, "its upload is gone")
        try expect(
            try await store.permissions(of: fixture.user.name, in: fixture.project.id, reading: .cached),
            equals: nil,
            "nobody is a member of it"
        )
    }

    private static func changedPermissionsAreVisibleAtOnce(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let name = try await addMember(store, fixture)
        let change = [Permission.write: false]
        _ = try await store.changePermissions(of: name, in: fixture.project.id, change)
        try expect(
            try await store.permissions(of: name, in: fixture.project.id, reading: .cached)?.allows(.write),
            equals: false,
            "the permission is gone at once"
        )
    }

    private static func removedMemberIsForgotten(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let name = try await addMember(store, fixture)
        try expect(try await store.removeMember(name, from: fixture.project.id), "the member is removed")
        try expect(
            try await store.permissions(of: name, in: fixture.project.id, reading: .cached),
            equals: nil,
            "a removed member has no permissions"
        )
    }

    private static func changedProjectIsVisibleAtOnce(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let (id, user) = (fixture.project.id, fixture.user.name)
        let before = try await store.project(id, for: user)
        try expect(try await store.project(id, for: user, reading: .cached), equals: before, "a project is found")
        try expect(try await store.project(id, for: "bob", reading: .cached), equals: nil, "a stranger finds nothing")
        var change = ProjectChange()
        change.name = "new name"
        _ = try await store.updateProject(id, change, now: MetadataFixture.time)
        try expect(
            try await store.project(id, for: user, reading: .cached)?.project.name,
            equals: "new name",
            "the change is visible at once"
        )
        try expect(try await store.deleteProject(id) != nil, "the project is deleted")
        try expect(try await store.project(id, for: user, reading: .cached), equals: nil, "a deleted project is gone")
    }

    /// Adds an upload and reads it, so that its row is cached.
    private static func remembered(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws -> Upload {
        let upload = fixture.upload()
        try expect(try await store.upload(upload.id, reading: .cached), equals: nil, "an unknown upload is nil")
        try await store.addUpload(upload)
        try expect(try await store.upload(upload.id, reading: .cached), equals: upload, "an upload is found")
        _ = try await store.permissions(of: fixture.user.name, in: fixture.project.id, reading: .cached)
        return upload
    }

    /// Adds the member bob and reads his permissions, so that they are cached.
    private static func addMember(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws -> String {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        let id = fixture.project.id
        try expect(
            try await store.permissions(of: "bob", in: id, reading: .cached),
            equals: nil,
            "a stranger has no permissions"
        )
        try expect(
            try await store.addMember(Member(userName: "bob", permissions: Permissions(write: true)), to: id),
            "a member is added"
        )
        try expect(
            try await store.permissions(of: "bob", in: id, reading: .cached)?.allows(.write),
            equals: true,
            "a new member's permissions are visible at once"
        )
        return "bob"
    }
}
