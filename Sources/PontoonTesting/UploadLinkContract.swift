import Foundation
package import PontoonCore

/// Rules for the upload links in an ``UploadLinkStore`` and their limits.
package enum UploadLinkContract: MetadataRule, CaseIterable {
    case linkRoundTrips
    case linkNeedsItsFolder
    case numberOfLinksIsLimited
    case listIsTheProjectsNewestFirst
    case refusedChangeChangesNothing
    case linkIsUsableWhileItsCreatorMayWrite
    case deletedLinkAbortsItsActiveUploads
    case linkIsDeletedWithItsProject
    case expiredLinksAreFound
    case limitsCountOpenUploads
    case concurrentUploadsDoNotExceedTheLimit
    case completedFilesAreCounted
    case loweredLimitsApplyAtComplete

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .linkRoundTrips: try await Self.linkRoundTrips(store, fixture)
        case .linkNeedsItsFolder: try await Self.linkNeedsItsFolder(store, fixture)
        case .numberOfLinksIsLimited: try await Self.numberOfLinksIsLimited(store, fixture)
        case .listIsTheProjectsNewestFirst: try await Self.listIsTheProjectsNewestFirst(store, fixture)
        case .refusedChangeChangesNothing: try await Self.refusedChangeChangesNothing(store, fixture)
        case .linkIsUsableWhileItsCreatorMayWrite: try await Self.linkIsUsableWhileItsCreatorMayWrite(store, fixture)
        case .deletedLinkAbortsItsActiveUploads: try await Self.deletedLinkAbortsItsActiveUploads(store, fixture)
        case .linkIsDeletedWithItsProject: try await Self.linkIsDeletedWithItsProject(store, fixture)
        case .expiredLinksAreFound: try await Self.expiredLinksAreFound(store, fixture)
        case .limitsCountOpenUploads: try await Self.limitsCountOpenUploads(store, fixture)
        case .concurrentUploadsDoNotExceedTheLimit:
            try await Self.concurrentUploadsDoNotExceedTheLimit(store, fixture)
        case .completedFilesAreCounted: try await Self.completedFilesAreCounted(store, fixture)
        case .loweredLimitsApplyAtComplete: try await Self.loweredLimitsApplyAtComplete(store, fixture)
        }
    }

    private static func linkRoundTrips(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let plain = fixture.link()
        var full = fixture.link()
        full.details = UploadLinkDetails(
            name: "ü \"b\"",
            note: "a\nb",
            expiresOn: MetadataFixture.time.addingTimeInterval(9),
            passwordHash: Secret("hash"),
            limits: UploadLinkLimits(files: 3, bytes: 1 << 50)
        )
        for (link, secret) in [(plain, "s1"), (full, "s2")] {
            try await store.addUploadLink(link, secretHash: secret)
            let expected = UploadLinkSummary(link: link, usage: UploadLinkUsage(), isUsable: true)
            try expect(try await store.uploadLink(link.id), equals: expected, "the link")
            try expect(try await store.uploadLink(withSecretHash: secret), equals: expected, "the link of the secret")
        }
        try expect(try await store.uploadLink("none"), equals: nil, "an unknown link")
        try expect(try await store.uploadLink(withSecretHash: "s3"), equals: nil, "an unknown secret")
        try expect(try await !store.deleteUploadLink("none"), "an unknown link is not deleted")
        try expect(try await store.updateUploadLink("none") { _ in }, equals: nil, "an unknown link is not changed")
    }

    private static func linkNeedsItsFolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let link = fixture.link(in: "no folder")
        try await expectRefusal(.destinationNotFound) { try await store.addUploadLink(link, secretHash: "s") }
        try expect(try await store.uploadLink(link.id), equals: nil, "nothing was added")
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let other = fixture.link(in: folder.id)
        try await store.addUploadLink(other, secretHash: "s")
        try expect(try await store.deleteFile(folder.id), "there was such a folder")
        try expect(try await store.uploadLink(other.id)?.isUsable, equals: false, "the link needs its folder")
    }

    private static func numberOfLinksIsLimited(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let added = try await concurrently(8) { index in
            do {
                let link = fixture.link()
                try await store.addUploadLink(link, secretHash: "\(index)", maximumOfProject: 3, maximumOfUser: 9)
                return true
            } catch let error as PontoonError where error.code == .limitReached {
                return false
            }
        }
        try expect(added.count { $0 }, equals: 3, "as many as the project may have")
        try await expectRefusal(.limitReached) {
            let link = fixture.link()
            try await store.addUploadLink(link, secretHash: "s", maximumOfProject: 9, maximumOfUser: 3)
        }
        let list = try await store.uploadLinks(of: fixture.project.id, page: .all)
        try expect(list.total, equals: 3, "no others were added")
    }

    private static func listIsTheProjectsNewestFirst(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        try await store.addUploadLink(other.link(), secretHash: "other")
        var ids: [String] = []
        for age in 0..<4 {
            let link = fixture.link(createdOn: MetadataFixture.time.addingTimeInterval(-Double(age)))
            try await store.addUploadLink(link, secretHash: "\(age)")
            ids.append(link.id)
        }
        let pages: [(page: Page, expected: ArraySlice<String>)] = [
            (Page(offset: 0, limit: 3), ids[0..<3]), (Page(offset: 3, limit: 3), ids[3...]),
            (Page(offset: 4, limit: 3), []),
        ]
        for (page, expected) in pages {
            let list = try await store.uploadLinks(of: fixture.project.id, page: page)
            try expect(list.items.map(\.link.id), equals: Array(expected), "the project's links")
            try expect(list.total, equals: 4, "the total does not depend on the page")
        }
    }

    private static func refusedChangeChangesNothing(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let link = fixture.link()
        try await store.addUploadLink(link, secretHash: "s")
        try await expectRefusal(.badRequest) {
            try await store.updateUploadLink(link.id) { details throws(PontoonError) in
                details.name = "changed"
                throw PontoonError(.badRequest, "refused")
            }
        }
        try expect(try await store.uploadLink(link.id)?.link, equals: link, "nothing was changed")
        let changed = try await store.updateUploadLink(link.id) { $0.limits.files = 7 }
        try expect(changed?.link.details.limits, equals: UploadLinkLimits(files: 7), "the changed link")
        try expect(try await store.uploadLink(link.id), equals: changed, "the changed link is stored")
    }

    private static func linkIsUsableWhileItsCreatorMayWrite(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        let project = fixture.project.id
        let member = Member(userName: "bob", permissions: Permissions(write: true))
        try expect(try await store.addMember(member, to: project), "a new member is added")
        let link = fixture.link(createdBy: other.user.name)
        try await store.addUploadLink(link, secretHash: "s")
        let session = fixture.session(of: link)
        _ = try await store.addSenderSession(session, tokenHash: "t")
        func expectUsable(_ isUsable: Bool, _ when: String) async throws {
            try expect(try await store.uploadLink(link.id)?.isUsable, equals: isUsable, "the link, \(when)")
            let found = try await store.senderSession(withTokenHash: "t")?.isUsable
            try expect(found, equals: isUsable, "the session, \(when)")
        }
        try await expectUsable(true, "while its creator may write")
        _ = try await store.changePermissions(of: "bob", in: project, [.write: false])
        try await expectUsable(false, "when its creator may only read")
        _ = try await store.changePermissions(of: "bob", in: project, [.admin: true])
        try await expectUsable(true, "when its creator may write again")
        _ = try await store.setDisabled("bob", since: MetadataFixture.time)
        try await expectUsable(false, "when its creator is disabled")
        _ = try await store.setDisabled("bob", since: nil)
        try await expectUsable(true, "when its creator is enabled again")
        _ = try await store.removeMember("bob", from: project)
        try await expectUsable(false, "when its creator is no member")
    }

    private static func deletedLinkAbortsItsActiveUploads(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, session) = try await fixture.addLink(to: store)
        let (active, completing) = (fixture.upload("a", session: session), fixture.upload("b", session: session))
        try await store.addUpload(active)
        try await fixture.addCompletingUpload(completing, to: store)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: active.id)
        try expect(try await store.deleteUploadLink(link.id), "there was such a link")
        try expect(try await store.uploadLink(link.id), equals: nil, "it is gone")
        try expect(try await store.senderSession(withTokenHash: session.id) == nil, "its sender is signed out")
        try expect(try await store.upload(active.id), equals: nil, "its active upload is gone")
        try expect(try await store.discardedObjects(limit: 9), equals: [active.object], "the upload's object")
        try expect(try await store.uploads(of: "ada", page: .all).total, equals: 1, "the open uploads are counted")
        let file = fixture.file(of: completing)
        try expect(try await store.completeUpload(completing.id, file: file, overwrite: false), "the other completes")
        try await expectRefusal(.notAuthenticated) {
            try await store.addUpload(fixture.upload("c", session: session))
        }
        try await expectRefusal(.notAuthenticated) {
            try await store.folder(of: session, path: [], now: MetadataFixture.time)
        }
    }

    private static func linkIsDeletedWithItsProject(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, session) = try await fixture.addLink(to: store)
        let upload = fixture.upload(session: session)
        try await store.addUpload(upload)
        _ = try await store.countPasswordAttempt(for: link.id, from: "a", now: MetadataFixture.time)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        try expect(try await store.uploadLink(link.id), equals: nil, "the link is gone")
        try expect(try await store.senderSession(withTokenHash: session.id) == nil, "its sender is signed out")
        try expect(try await store.upload(upload.id), equals: nil, "its upload is gone")
    }

    private static func expiredLinksAreFound(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var ids: [String] = []
        for seconds in [10.0, 20, 30] {
            var link = fixture.link()
            link.details.expiresOn = MetadataFixture.time.addingTimeInterval(seconds)
            try await store.addUploadLink(link, secretHash: "\(seconds)")
            ids.append(link.id)
        }
        let time = MetadataFixture.time.addingTimeInterval(30)
        try expect(try await store.uploadLinks(expiredBefore: time, limit: 9), equals: Array(ids[..<2]), "oldest first")
        try expect(try await store.uploadLinks(expiredBefore: time, limit: 1), equals: [ids[0]], "at most the limit")
    }

    private static func limitsCountOpenUploads(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        // Each upload has 10 bytes.
        for limits in [UploadLinkLimits(files: 2), UploadLinkLimits(bytes: 29)] {
            let (link, session) = try await fixture.addLink(to: store, limits: limits)
            let uploads = (0..<3).map { fixture.upload("\($0)", session: session) }
            try await store.addUpload(uploads[0])
            try await store.addUpload(uploads[1])
            try await expectRefusal(.limitReached) { try await store.addUpload(uploads[2]) }
            try expect(try await store.upload(uploads[2].id), equals: nil, "nothing was added")
            let usage = UploadLinkUsage(openUploads: 2, openBytes: 20, senders: 1)
            try expect(try await store.uploadLink(link.id)?.usage, equals: usage, "the usage")
            try expect(try await store.abortUpload(uploads[0].id), "an active upload is aborted")
            try await store.addUpload(uploads[2])
            let list = try await store.uploads(ofSenderSession: session.id, page: .all)
            try expect(Set(list.items.map(\.upload)), equals: [uploads[1], uploads[2]], "the session's open uploads")
            try expect(list.total, equals: 2, "their number")
        }
    }

    private static func concurrentUploadsDoNotExceedTheLimit(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, session) = try await fixture.addLink(to: store, limits: UploadLinkLimits(files: 3, bytes: 1000))
        let results = try await concurrently(16) { index in
            do {
                try await store.addUpload(fixture.upload("\(index)", session: session))
                return true
            } catch let error as PontoonError where error.code == .limitReached {
                return false
            }
        }
        try expect(results.count { $0 }, equals: 3, "exactly as many succeed as the link allows")
        try expect(try await store.uploadLink(link.id)?.usage.openUploads, equals: 3, "the usage")
    }

    private static func completedFilesAreCounted(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, session) = try await fixture.addLink(to: store, limits: UploadLinkLimits(files: 2, bytes: 20))
        var files: [File] = []
        for name in ["a", "b"] {
            let upload = fixture.upload(name, session: session)
            try await fixture.addCompletingUpload(upload, to: store)
            files.append(fixture.file(of: upload))
            let isDone = try await store.completeUpload(upload.id, file: files[files.count - 1], overwrite: false)
            try expect(isDone, "it completes")
            let again = try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: false)
            try expect(!again, "it completes once")
        }
        let usage = UploadLinkUsage(files: 2, bytes: 20, senders: 1)
        try expect(try await store.uploadLink(link.id)?.usage, equals: usage, "the usage")
        try await store.pruneCompletedUploads(before: .distantFuture)
        for file in files { try expect(try await store.deleteFile(file.id), "the file is deleted") }
        try expect(try await store.uploadLink(link.id)?.usage, equals: usage, "deleted files are still counted")
        try await expectRefusal(.limitReached) { try await store.addUpload(fixture.upload("c", session: session)) }
    }

    private static func loweredLimitsApplyAtComplete(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, session) = try await fixture.addLink(to: store)
        let uploads = ["a", "b"].map { fixture.upload($0, session: session) }
        for upload in uploads { try await fixture.addCompletingUpload(upload, to: store) }
        let first = fixture.file(of: uploads[0])
        _ = try await store.updateUploadLink(link.id) { $0.limits = UploadLinkLimits(bytes: 19) }
        try expect(try await store.completeUpload(uploads[0].id, file: first, overwrite: false), "ten bytes fit")
        let second = fixture.file(of: uploads[1])
        try await expectRefusal(.completeRefused) {
            try await store.completeUpload(uploads[1].id, file: second, overwrite: false)
        }
        try expect(try await store.file(second.id), equals: nil, "no file was added")
        try expect(try await store.upload(uploads[1].id)?.state, equals: .completing, "the upload is unchanged")
        _ = try await store.updateUploadLink(link.id) { $0.limits = UploadLinkLimits() }
        try expect(try await store.completeUpload(uploads[1].id, file: second, overwrite: false), "now it completes")
    }
}
