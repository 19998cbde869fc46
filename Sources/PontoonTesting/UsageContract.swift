import Foundation
package import PontoonCore

/// Rules for the usage counters of a ``UsageStore``: what each change adds to them, and when reservations lapse.
package enum UsageContract: MetadataRule, CaseIterable {
    case usageFollowsAnUpload
    case overwritingCountsTheDifference
    case unknownSizeReservesTheParts
    case partsBeyondTheSizeAreReserved
    case copiesCountInFull
    case movesChangeNothing
    case codePackagesDoNotCount
    case abortAndDeletionRelease
    case deletingALinkReleases
    case removingAUserReleasesTheUploads
    case givenProjectsAreCharged
    case deletingAProjectReleases
    case reservationsLapse
    case activeReservationsDoNotLapse
    case remotePartsKeepTheirReservation
    case partsReserveAgain
    case activityReservesAgain
    case usagesArePaged
    case usageOfUnknownSubjects

    package func check(_ store: some MetadataStore) async throws {
        let ada = try await MetadataFixture(in: store)
        switch self {
        case .usageFollowsAnUpload: try await Self.usageFollowsAnUpload(store, ada)
        case .overwritingCountsTheDifference: try await Self.overwritingCountsTheDifference(store, ada)
        case .unknownSizeReservesTheParts: try await Self.unknownSizeReservesTheParts(store, ada)
        case .partsBeyondTheSizeAreReserved: try await Self.partsBeyondTheSizeAreReserved(store, ada)
        case .copiesCountInFull: try await Self.copiesCountInFull(store, ada)
        case .movesChangeNothing: try await Self.movesChangeNothing(store, ada)
        case .codePackagesDoNotCount: try await Self.codePackagesDoNotCount(store, ada)
        case .abortAndDeletionRelease: try await Self.abortAndDeletionRelease(store, ada)
        case .deletingALinkReleases: try await Self.deletingALinkReleases(store, ada)
        case .removingAUserReleasesTheUploads: try await Self.removingAUserReleasesTheUploads(store, ada)
        case .givenProjectsAreCharged: try await Self.givenProjectsAreCharged(store, ada)
        case .deletingAProjectReleases: try await Self.deletingAProjectReleases(store, ada)
        case .reservationsLapse: try await Self.reservationsLapse(store, ada)
        case .activeReservationsDoNotLapse: try await Self.activeReservationsDoNotLapse(store, ada)
        case .remotePartsKeepTheirReservation: try await Self.remotePartsKeepTheirReservation(store, ada)
        case .partsReserveAgain: try await Self.partsReserveAgain(store, ada)
        case .activityReservesAgain: try await Self.activityReservesAgain(store, ada)
        case .usagesArePaged: try await Self.usagesArePaged(store, ada)
        case .usageOfUnknownSubjects: try await Self.usageOfUnknownSubjects(store, ada)
        }
    }

    static let later = MetadataFixture.time.addingTimeInterval(60)

    private static func usageFollowsAnUpload(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await ada.expectUsage(Usage(), in: store)
        let upload = ada.sized(12)
        try await store.addUpload(upload)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 1), in: store)
        for number in 1...2 { _ = try await store.recordPart(try MetadataFixture.part(number), of: upload.id) }
        _ = try await store.recordPart(try MetadataFixture.part(3, size: 2), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 1), in: store)
        _ = try await store.beginCompletion(of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 1), in: store)
        let file = try await ada.complete(upload, size: 12, in: store)
        try await ada.expectUsage(Usage(storedBytes: 12, files: 1), in: store)
        try await ada.addFile(of: 0, to: store)
        try await store.addFolder(ada.folder("a folder does not count"))
        try await ada.expectUsage(Usage(storedBytes: 12, files: 2), in: store)
        _ = try await store.deleteFile(file.id)
        try await ada.expectUsage(Usage(files: 1), in: store)
    }

    private static func overwritingCountsTheDifference(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        try await ada.addFile(of: 10, "a", to: store)
        try await ada.addFile(of: 4, "a", overwrite: true, to: store)
        try await ada.expectUsage(Usage(storedBytes: 4, files: 1), in: store)
        try await ada.addFile(of: 6, "b", overwrite: true, to: store)
        try await ada.expectUsage(Usage(storedBytes: 10, files: 2), in: store)
        let refused = ada.sized(9, "a")
        try await ada.addCompletingUpload(refused, to: store)
        try await expectRefusal(.nameTaken) { try await ada.complete(refused, size: 9, in: store) }
        let usage = Usage(storedBytes: 10, reservedBytes: 9, files: 2, openUploads: 1)
        try await ada.expectUsage(usage, in: store)
    }

    private static func unknownSizeReservesTheParts(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let upload = ada.sized(nil)
        try await store.addUpload(upload)
        try await ada.expectUsage(Usage(openUploads: 1), in: store)
        for (size, total) in [(5, 5), (3, 3), (4, 4)] as [(Int64, Int64)] {
            _ = try await store.recordPart(try MetadataFixture.part(1, size: size), of: upload.id)
            try await ada.expectUsage(Usage(reservedBytes: total, openUploads: 1), in: store)
        }
        _ = try await store.recordPart(try MetadataFixture.part(2, size: 7), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 11, openUploads: 1), in: store)
        _ = try await store.forgetPart(PartNumber(1), of: upload.id)
        _ = try await store.recordPart(try MetadataFixture.part(1, size: 1), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 8, openUploads: 1), in: store)
        try await concurrentParts(of: upload, in: store)
        try await ada.expectUsage(Usage(reservedBytes: 20, openUploads: 1), in: store)
        _ = try await store.beginCompletion(of: upload.id)
        _ = try await ada.complete(upload, size: 20, in: store)
        try await ada.expectUsage(Usage(storedBytes: 20, files: 1), in: store)
    }

    /// Records parts 1 to 20, each of one byte, at the same time.
    private static func concurrentParts(of upload: Upload, in store: some MetadataStore) async throws {
        _ = try await concurrently(20) { index in
            try await store.recordPart(try MetadataFixture.part(index + 1, size: 1), of: upload.id)
        }
    }

    private static func partsBeyondTheSizeAreReserved(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        let upload = ada.sized(10)
        try await store.addUpload(upload)
        // Both parts end before the declared size, although the first is shorter than the part size.
        _ = try await store.recordPart(try MetadataFixture.part(1, size: 4), of: upload.id)
        _ = try await store.recordPart(try MetadataFixture.part(2, size: 5), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 10, openUploads: 1), in: store)
        _ = try await store.recordPart(try MetadataFixture.part(3, size: 8), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 17, openUploads: 1), in: store)
        _ = try await store.recordPart(try MetadataFixture.part(3, size: 1), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 10, openUploads: 1), in: store)
    }

    private static func copiesCountInFull(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = try await ada.addFile(of: 10, "a", to: store)
        let copy = ada.copy("b")
        _ = try await store.copyFile(file.id, as: copy)
        try await ada.expectUsage(Usage(storedBytes: 20, files: 2), in: store)
        let bob = try await MetadataFixture(in: store, user: "bob")
        let other = bob.copy(nil)
        _ = try await store.copyFile(file.id, as: other)
        try await bob.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        _ = try await store.deleteFile(file.id)
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        try await bob.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        try await expectRefusal(.fileExists) { try await store.copyFile(copy.id, as: other) }
        try await bob.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
    }

    private static func movesChangeNothing(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = try await ada.addFile(of: 10, "a", to: store)
        let (folder, inner) = (ada.folder("f"), ada.folder("g"))
        for folder in [folder, inner] { try await store.addFolder(folder) }
        _ = try await store.moveFile(file.id, to: folder.id, name: "c", now: MetadataFixture.time)
        _ = try await store.moveFile(folder.id, to: inner.id, name: nil, now: MetadataFixture.time)
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        _ = try await store.deleteFile(file.id)
        try await ada.expectUsage(Usage(), in: store)
    }

    private static func codePackagesDoNotCount(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let automation = Automation(
            id: Identifiers.uuid(),
            owner: "ada",
            name: "a",
            description: "",
            createdOn: MetadataFixture.time
        )
        try await store.addAutomation(automation)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(0), files: .limit(0)), of: .user("ada"))
        for size in [7, nil] as [Int64?] {
            let upload = Upload(
                id: Identifiers.upload(),
                userName: "ada",
                destination: .automation(id: automation.id),
                name: "a.zip",
                size: size,
                partSize: 5,
                md5: nil,
                rule: .fail,
                key: .random(),
                initiatedOn: MetadataFixture.time
            )
            try await store.addUpload(upload)
            for number in 1...3 { _ = try await store.recordPart(try MetadataFixture.part(number), of: upload.id) }
            try await store.keepAlive(upload.id, now: later, reserving: true)
            try await ada.expectUsage(Usage(), in: store)
            // The upload may have preallocated disk space, although it does not count towards a quota.
            let idle = try await store.lapsedReservations(idleSince: .distantFuture, limit: 9)
            try expect(idle, equals: size == nil ? [] : [upload.id], "uploads with a reservation")
            for id in idle {
                try expect(
                    try await store.reduceReservation(of: id, ifIdleSince: .distantFuture),
                    "the reservation lapses"
                )
            }
            let lapsed = try await store.lapsedReservations(idleSince: .distantFuture, limit: 9)
            try expect(lapsed, equals: [], "uploads with a reservation, after all have lapsed")
            try await ada.expectUsage(Usage(), in: store)
            try expect(try await store.abortUpload(upload.id), "an active upload is aborted")
        }
        try await ada.expectUsage(Usage(), in: store)
    }

    private static func abortAndDeletionRelease(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let uploads = [ada.sized(7), ada.sized(nil), ada.sized(8)]
        for upload in uploads { try await store.addUpload(upload) }
        _ = try await store.recordPart(try MetadataFixture.part(1), of: uploads[1].id)
        try await ada.expectUsage(Usage(reservedBytes: 20, openUploads: 3), in: store)
        _ = try await store.abortUpload(uploads[0].id)
        try expect(try await store.abortUpload(uploads[0].id) == false, "an upload is aborted once")
        try await ada.expectUsage(Usage(reservedBytes: 13, openUploads: 2), in: store)
        _ = try await store.abortUpload(uploads[1].id, ifIdleSince: later)
        try await ada.expectUsage(Usage(reservedBytes: 8, openUploads: 1), in: store)
        _ = try await store.abortUpload(uploads[2].id, ifIdleSince: later)
        try await ada.expectUsage(Usage(), in: store)
    }

    private static func deletingALinkReleases(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (link, session) = try await ada.addLink(to: store)
        for size in [3, 4] as [Int64] { try await store.addUpload(ada.sized(size, session: session)) }
        let completing = ada.sized(5, session: session)
        try await ada.addCompletingUpload(completing, to: store)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 3), in: store)
        _ = try await store.deleteUploadLink(link.id)
        try await ada.expectUsage(Usage(reservedBytes: 5, openUploads: 1), in: store)
        _ = try await ada.complete(completing, size: 5, in: store)
        try await ada.expectUsage(Usage(storedBytes: 5, files: 1), in: store)
    }

    private static func removingAUserReleasesTheUploads(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        for size in [3, 4, nil] as [Int64?] { try await store.addUpload(ada.sized(size, by: "bob")) }
        try await store.addUpload(ada.sized(5))
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 4), in: store)
        let bobs = try await store.usage(of: .user("bob"))
        try expect(bobs?.usage, equals: Usage(), "the usage of a user who owns no project")
        try expect(try await store.removeUser("bob", givingProjectsTo: nil), equals: .removed, "the removal")
        try await ada.expectUsage(Usage(reservedBytes: 5, openUploads: 1), in: store)
    }

    private static func givenProjectsAreCharged(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob")
        try await bob.addFile(of: 2, to: store)
        try await ada.addFile(of: 10, to: store)
        try await store.addUpload(ada.sized(6, by: "bob"))
        try await store.addUpload(ada.sized(7))
        try await store.addUpload(bob.sized(8, by: "ada"))
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
        _ = try await store.addProject(second)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(1)), of: .user("bob"))
        try expect(try await store.removeUser("ada", givingProjectsTo: "bob"), equals: .removed, "the removal")
        let reads = try await store.usage(of: .project(ada.project.id))
        let remaining = Usage(storedBytes: 10, reservedBytes: 6, files: 1, openUploads: 1)
        try expect(reads?.usage, equals: remaining, "without the uploads of the removed user")
        let bobs = try await store.usage(of: .user("bob"))
        let total = Usage(storedBytes: 12, reservedBytes: 6, files: 2, openUploads: 1)
        try expect(bobs?.usage, equals: total, "even if this exceeds the new owner's quota")
        let given = try await store.usages(ofProjectsOf: "bob", after: nil, limit: 9).map(\.id.description)
        try expect(given, equals: ["ada/reads", "ada/second", "bob/reads"], "the projects of the new owner")
    }

    private static func deletingAProjectReleases(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
        _ = try await store.addProject(second)
        let file = try await ada.addFile(of: 10, to: store)
        let copy = MetadataFixture.copy(nil, to: second)
        _ = try await store.copyFile(file.id, as: copy)
        try await store.addUpload(ada.sized(6))
        _ = try await store.setQuota(QuotaChange(bytes: .limit(100)), of: .project(ada.project.id))
        _ = try await store.deleteProject(ada.project.id)
        let rest = try await store.usage(of: .user("ada"))
        try expect(rest?.usage, equals: Usage(storedBytes: 10, files: 1), "the usage of the other project")
        try expect(try await store.usage(of: .project(ada.project.id)), equals: nil, "the deleted project")
        _ = try await store.addProject(ada.project)
        let again = try await store.usage(of: .project(ada.project.id))
        try expect(again, equals: UsageReport(usage: Usage(), quota: Quota()), "a new project of the same name")
    }

    private static func usagesArePaged(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob")
        try await store.addUser(User(name: "cyd", createdOn: MetadataFixture.time))
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "a"))
        _ = try await store.addProject(second)
        try await bob.addFile(of: 3, to: store)
        try expect(
            try await store.usages(ofUsersAfter: nil, limit: 2).map(\.userName),
            equals: ["ada", "bob"],
            "users"
        )
        let rest = try await store.usages(ofUsersAfter: "ada", limit: 9)
        try expect(rest.map(\.userName), equals: ["bob", "cyd"], "the users after a name")
        let bytes = rest.map(\.report.usage.storedBytes)
        try expect(bytes, equals: [3, 0], "the usage of users, even without a counter")
        let projects = try await store.usages(ofProjectsOf: nil, after: nil, limit: 2)
        try expect(projects.map(\.id), equals: [second.id, ada.project.id], "projects, ordered by id")
        let others = try await store.usages(ofProjectsOf: nil, after: ada.project.id, limit: 2)
        try expect(others.map(\.id), equals: [bob.project.id], "the projects after an id")
        try expect(others.first?.owner, equals: "bob", "the owner")
        let own = try await store.usages(ofProjectsOf: "ada", after: second.id, limit: 2)
        try expect(own.map(\.id), equals: [ada.project.id], "the projects of a user after an id")
    }

    private static func usageOfUnknownSubjects(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        for subject in [.user("bob"), .project(ProjectID(owner: "ada", shortName: "x"))] as [UsageSubject] {
            try expect(try await store.usage(of: subject), equals: nil, "the usage")
            try expect(try await store.quota(of: subject), equals: nil, "the quota")
            let changed = try await store.setQuota(QuotaChange(bytes: .limit(1)), of: subject)
            try expect(changed, equals: nil, "a change of the quota")
        }
    }
}
