import Foundation
package import PontoonCore

/// Rules for the quotas of a ``UsageStore``: which changes a quota refuses, and which it allows even if it is exceeded.
package enum QuotaContract: MetadataRule, CaseIterable {
    case valuesAreChangedOneByOne
    case bytesAreLimited
    case refusalsShowTheFigures
    case ownersAreLimitedWhoeverUploads
    case sendersSeeNoFigures
    case filesAndUploadsAreLimited
    case unlimitedIsNotLimited
    case lowQuotaRefusesOnlyGrowth
    case copiesAreLimited
    case unknownSizeIsLimited
    case completionNeedsRoom
    case concurrentUploadsDoNotExceed
    case concurrentPartsDoNotExceed

    package func check(_ store: some MetadataStore) async throws {
        let ada = try await MetadataFixture(in: store)
        switch self {
        case .valuesAreChangedOneByOne: try await Self.valuesAreChangedOneByOne(store, ada)
        case .bytesAreLimited: try await Self.bytesAreLimited(store, ada)
        case .refusalsShowTheFigures: try await Self.refusalsShowTheFigures(store, ada)
        case .ownersAreLimitedWhoeverUploads: try await Self.ownersAreLimitedWhoeverUploads(store, ada)
        case .sendersSeeNoFigures: try await Self.sendersSeeNoFigures(store, ada)
        case .filesAndUploadsAreLimited: try await Self.filesAndUploadsAreLimited(store, ada)
        case .unlimitedIsNotLimited: try await Self.unlimitedIsNotLimited(store, ada)
        case .lowQuotaRefusesOnlyGrowth: try await Self.lowQuotaRefusesOnlyGrowth(store, ada)
        case .copiesAreLimited: try await Self.copiesAreLimited(store, ada)
        case .unknownSizeIsLimited: try await Self.unknownSizeIsLimited(store, ada)
        case .completionNeedsRoom: try await Self.completionNeedsRoom(store, ada)
        case .concurrentUploadsDoNotExceed: try await Self.concurrentUploadsDoNotExceed(store, ada)
        case .concurrentPartsDoNotExceed: try await Self.concurrentPartsDoNotExceed(store, ada)
        }
    }

    /// Sets limits for Ada's project.
    private static func limit(
        _ ada: MetadataFixture,
        bytes: Int64? = nil,
        files: Int64? = nil,
        uploads: Int64? = nil,
        in store: some MetadataStore
    ) async throws {
        let change = QuotaChange(
            bytes: bytes.map { .limit($0) },
            files: files.map { .limit($0) },
            openUploads: uploads.map { .limit($0) }
        )
        let quota = try await store.setQuota(change, of: .project(ada.project.id))
        try expect(quota != nil, "the quota of a project that exists is set")
    }

    private static func valuesAreChangedOneByOne(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        for subject in [.user("ada"), .project(ada.project.id)] as [UsageSubject] {
            try expect(try await store.quota(of: subject), equals: StoredQuota(), "the quota of a new subject")
            try expect(try await store.usage(of: subject)?.quota, equals: Quota(), "no limit in force")
            _ = try await store.setQuota(QuotaChange(bytes: .limit(5), files: .unlimited), of: subject)
            let changed = try await store.setQuota(QuotaChange(openUploads: .limit(0)), of: subject)
            let all = StoredQuota(bytes: .limit(5), files: .unlimited, openUploads: .limit(0))
            try expect(changed, equals: all, "the result of a change")
            try expect(try await store.quota(of: subject), equals: all, "the stored quota")
            let effective = try await store.usage(of: subject)?.quota
            try expect(effective, equals: Quota(bytes: 5, openUploads: 0), "the limits in force")
            _ = try await store.setQuota(QuotaChange(bytes: .byDefault), of: subject)
            let rest = StoredQuota(files: .unlimited, openUploads: .limit(0))
            try expect(try await store.quota(of: subject), equals: rest, "the default again")
        }
    }

    private static func bytesAreLimited(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await limit(ada, bytes: 20, in: store)
        try await ada.addFile(of: 8, to: store)
        let upload = ada.sized(12)
        try await store.addUpload(upload)
        let refused = ada.sized(1)
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(refused) }
        try expect(try await store.upload(refused.id), equals: nil, "a refused upload is not stored")
        try expect(try await store.uploads(of: "ada", page: .all).total, equals: 1, "the user's uploads")
        let full = Usage(storedBytes: 8, reservedBytes: 12, files: 1, openUploads: 1)
        try await ada.expectUsage(full, in: store)
        try await store.addUpload(ada.sized(0))
        try await store.addUpload(ada.sized(nil))
        _ = try await store.abortUpload(upload.id)
        try await store.addUpload(refused)
    }

    private static func refusalsShowTheFigures(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await ada.addFile(of: 8, to: store)
        try await store.addUpload(ada.sized(5))
        func message(_ change: QuotaChange, _ subject: UsageSubject) async throws -> String {
            let earlier = try require(try await store.setQuota(change, of: subject), "the subject exists")
            do {
                try await store.addUpload(ada.sized(7))
            } catch let error as PontoonError where error.code == .quotaExceeded {
                _ = try await store.setQuota(
                    QuotaChange(bytes: .byDefault, files: .byDefault, openUploads: .byDefault),
                    of: subject
                )
                return error.message
            }
            throw ContractViolation("an upload is accepted in spite of \(earlier)")
        }
        let advice = " Delete files, abort unfinished uploads, or request a larger quota from the server's operator."
        try expect(
            try await message(QuotaChange(bytes: .limit(19)), .project(ada.project.id)),
            equals: """
                The project 'ada/reads' has a quota of 19 bytes: files use 8, unfinished uploads reserve 5, and 7 \
                more do not fit.
                """ + advice,
            "the message about bytes"
        )
        try expect(
            try await message(QuotaChange(files: .limit(2)), .user("ada")),
            equals: """
                The user 'ada', who owns the project, has a quota of 2 files and already has 1 file and 1 unfinished upload.
                """ + advice,
            "the message about files"
        )
        try expect(
            try await message(QuotaChange(openUploads: .limit(1)), .user("ada")),
            equals: """
                The user 'ada', who owns the project, has a quota of 1 unfinished upload and already has 1.
                """ + advice,
            "the message about uploads"
        )
    }

    private static func ownersAreLimitedWhoeverUploads(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob")
        let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
        _ = try await store.addProject(second)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(10)), of: .user("ada"))
        _ = try await store.setQuota(QuotaChange(bytes: .limit(0)), of: .user("bob"))
        let file = try await ada.addFile(of: 4, to: store)
        _ = try await store.copyFile(file.id, as: MetadataFixture.copy(to: second))
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(3, by: "bob")) }
        try await store.addUpload(ada.sized(2, by: "bob"))
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(bob.sized(1, by: "ada")) }
        let bobs = try await store.usage(of: .user("bob"))
        try expect(bobs?.usage, equals: Usage(), "the usage of a user who only uploads to projects of others")
    }

    private static func sendersSeeNoFigures(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (_, session) = try await ada.addLink(to: store)
        let upload = ada.sized(8, session: session)
        try await store.addUpload(upload)
        _ = try await store.reduceReservation(of: upload.id, ifIdleSince: UsageContract.later)
        try await limit(ada, bytes: 7, in: store)
        func check(_ call: () async throws -> Void) async throws {
            do {
                try await call()
            } catch let error as PontoonError where error.code == .quotaExceeded {
                return try expect(
                    error.message,
                    equals: """
                        There is not enough space for this file at present; contact the person who gave you the link.
                        """,
                    "the message for a sender"
                )
            }
            throw ContractViolation("a sender's call is accepted in spite of the quota")
        }
        try await check { try await store.addUpload(ada.sized(8, session: session)) }
        try await check {
            _ = try await store.forgetPart(try PartNumber(1), of: upload.id, replacedBy: 5)
        }
        try await check { _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id) }
        try await check { try await store.keepAlive(upload.id, now: UsageContract.later, reserving: true) }
        _ = try await store.beginCompletion(of: upload.id)
        try await check { _ = try await ada.complete(upload, size: 8, in: store) }
    }

    private static func filesAndUploadsAreLimited(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await limit(ada, files: 3, uploads: 2, in: store)
        let uploads = [ada.sized(1), ada.sized(nil)]
        for upload in uploads { try await store.addUpload(upload) }
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(1)) }
        _ = try await store.beginCompletion(of: uploads[0].id)
        let file = try await ada.complete(uploads[0], size: 1, in: store)
        try await store.addUpload(ada.sized(1))
        try await expectRefusal(.quotaExceeded) { try await store.copyFile(file.id, as: ada.copy("b")) }
        _ = try await store.abortUpload(uploads[1].id)
        _ = try await store.copyFile(file.id, as: ada.copy("b"))
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(1)) }
        try await store.addFolder(ada.folder("a folder is not a file"))
    }

    private static func unlimitedIsNotLimited(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let unlimited = QuotaChange(bytes: .unlimited, files: .unlimited, openUploads: .unlimited)
        _ = try await store.setQuota(unlimited, of: .project(ada.project.id))
        _ = try await store.setQuota(unlimited, of: .user("ada"))
        try await store.addUpload(ada.sized(5 << 40))
        try await ada.expectUsage(Usage(reservedBytes: 5 << 40, openUploads: 1), in: store)
    }

    private static func lowQuotaRefusesOnlyGrowth(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = try await ada.addFile(of: 8, "a", to: store)
        try await ada.addFile(of: 8, "b", to: store)
        let (kept, smaller) = (ada.sized(6), ada.sized(4, "b", overwrite: true))
        for upload in [kept, smaller] { try await store.addUpload(upload) }
        try await limit(ada, bytes: 0, files: 0, uploads: 0, in: store)
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(0)) }
        for number in 1...2 {
            let part = try MetadataFixture.part(number, size: 3)
            _ = try await store.forgetPart(part.number, of: kept.id, replacedBy: 3)
            _ = try await store.recordPart(part, of: kept.id)
        }
        try await store.keepAlive(kept.id, now: UsageContract.later, reserving: true)
        for (upload, size) in [(kept, 6), (smaller, 4)] as [(Upload, Int64)] {
            _ = try await store.beginCompletion(of: upload.id)
            _ = try await ada.complete(upload, size: size, in: store)
        }
        try await ada.expectUsage(Usage(storedBytes: 18, files: 3), in: store)
        _ = try await store.moveFile(file.id, to: ada.root, name: "c", now: MetadataFixture.time)
        _ = try await store.deleteFile(file.id)
        try await ada.expectUsage(Usage(storedBytes: 10, files: 2), in: store)
    }

    private static func copiesAreLimited(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = try await ada.addFile(of: 8, to: store)
        try await limit(ada, bytes: 15, in: store)
        try await expectRefusal(.quotaExceeded) { try await store.copyFile(file.id, as: ada.copy("b")) }
        try await ada.expectUsage(Usage(storedBytes: 8, files: 1), in: store)
        try expect(try await store.file(named: "b", in: ada.root), equals: nil, "a refused copy is not stored")
        try await limit(ada, bytes: 16, in: store)
        _ = try await store.copyFile(file.id, as: ada.copy("b"))
    }

    private static func unknownSizeIsLimited(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let upload = ada.sized(nil)
        try await store.addUpload(upload)
        try await limit(ada, bytes: 9, in: store)
        _ = try await store.forgetPart(try PartNumber(1), of: upload.id, replacedBy: 5)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        try await expectRefusal(.quotaExceeded) {
            try await store.forgetPart(try PartNumber(2), of: upload.id, replacedBy: 5)
        }
        try await expectRefusal(.quotaExceeded) {
            try await store.recordPart(try MetadataFixture.part(2), of: upload.id)
        }
        // If a part is replaced, only the difference in length counts.
        let earlier = try await store.forgetPart(try PartNumber(1), of: upload.id, replacedBy: 9)
        try expect(earlier?.size, equals: 5, "the record that is deleted")
        _ = try await store.recordPart(try MetadataFixture.part(1, size: 9), of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 9, openUploads: 1), in: store)
    }

    private static func completionNeedsRoom(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await ada.addFile(of: 3, "a", to: store)
        // No parts are recorded, as with a presigned store, whose clients do not send parts through the server.
        let upload = ada.sized(nil, "a", overwrite: true)
        try await ada.addCompletingUpload(upload, to: store)
        try await limit(ada, bytes: 9, in: store)
        try await expectRefusal(.quotaExceeded) { try await ada.complete(upload, size: 10, in: store) }
        try expect(try await store.upload(upload.id)?.state, equals: .completing, "nothing has changed")
        try await ada.expectUsage(Usage(storedBytes: 3, files: 1, openUploads: 1), in: store)
        // The replaced file no longer counts.
        _ = try await ada.complete(upload, size: 9, in: store)
        try await ada.expectUsage(Usage(storedBytes: 9, files: 1), in: store)
    }

    private static func concurrentUploadsDoNotExceed(
        _ store: some MetadataStore,
        _ ada: MetadataFixture
    ) async throws {
        try await limit(ada, bytes: 100, in: store)
        let accepted = try await concurrently(40) { _ in
            do {
                try await store.addUpload(ada.sized(7))
                return 1
            } catch let error as PontoonError where error.code == .quotaExceeded {
                return 0
            }
        }
        try expect(accepted.reduce(0, +), equals: 14, "the number of uploads that fit")
        try await ada.expectUsage(Usage(reservedBytes: 98, openUploads: 14), in: store)
    }

    private static func concurrentPartsDoNotExceed(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let uploads = [ada.sized(nil), ada.sized(nil)]
        for upload in uploads { try await store.addUpload(upload) }
        try await limit(ada, bytes: 100, in: store)
        let accepted = try await concurrently(40) { index in
            do {
                let part = try MetadataFixture.part(index / 2 + 1, size: 7)
                _ = try await store.recordPart(part, of: uploads[index % 2].id)
                return 1
            } catch let error as PontoonError where error.code == .quotaExceeded {
                return 0
            }
        }
        try expect(accepted.reduce(0, +), equals: 14, "the number of parts that fit")
        try await ada.expectUsage(Usage(reservedBytes: 98, openUploads: 2), in: store)
    }
}
