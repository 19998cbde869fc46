import Foundation
import PontoonCore

// Reservations that lapse.
extension UsageContract {
    static func reservationsLapse(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let uploads = [ada.sized(12), ada.sized(20), ada.sized(5), ada.sized(nil)]
        for upload in uploads { try await store.addUpload(upload) }
        for upload in uploads.suffix(3) { _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id) }
        let idle = Set(try await store.lapsedReservations(idleSince: later, limit: 9))
        try expect(idle, equals: Set(uploads.prefix(3).map(\.id)), "idle uploads of known size")
        try expect(try await store.lapsedReservations(idleSince: later, limit: 2).count, equals: 2, "a limited list")
        for upload in uploads.prefix(3) {
            let isReduced = try await store.reduceReservation(of: upload.id, ifIdleSince: later)
            try expect(isReduced, "the reservation of an idle upload is reduced")
        }
        try await ada.expectUsage(Usage(reservedBytes: 15, openUploads: 4), in: store)
        try expect(try await store.lapsedReservations(idleSince: later, limit: 9), equals: [], "lapsed only once")
        let again = try await store.reduceReservation(of: uploads[0].id, ifIdleSince: later)
        try expect(again, equals: false, "a second reduction")
        for upload in uploads { _ = try await store.abortUpload(upload.id) }
        try await ada.expectUsage(Usage(), in: store)
    }

    static func activeReservationsDoNotLapse(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (sent, kept, completing) = (ada.sized(12), ada.sized(13), ada.sized(14))
        for upload in [sent, kept] { try await store.addUpload(upload) }
        try await ada.addCompletingUpload(completing, to: store)
        _ = try await store.recordPart(try MetadataFixture.part(1, storedOn: later), of: sent.id)
        try await store.keepAlive(kept.id, now: later, reserving: false)
        try expect(try await store.lapsedReservations(idleSince: later, limit: 9), equals: [], "active uploads")
        for upload in [sent, kept, completing] {
            let isReduced = try await store.reduceReservation(of: upload.id, ifIdleSince: later)
            try expect(isReduced, equals: false, "the reduction of an active reservation")
        }
        try await ada.expectUsage(Usage(reservedBytes: 39, openUploads: 3), in: store)
    }

    static func remotePartsKeepTheirReservation(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (begun, sent) = (ada.sized(23), ada.sized(8))
        for upload in [begun, sent] {
            try await store.addUpload(upload)
            let reports = try (1...2).map { PartReport(number: try PartNumber($0), etag: "e") }
            _ = try await store.recordReports(reports, of: upload.id, at: MetadataFixture.time)
            _ = try await store.reduceReservation(of: upload.id, ifIdleSince: later)
        }
        // Each reported part counts as one full part size, but an upload counts at most its declared size.
        try await ada.expectUsage(Usage(reservedBytes: 10 + 8, openUploads: 2), in: store)
    }

    static func partsReserveAgain(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let upload = ada.sized(12)
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        _ = try await store.reduceReservation(of: upload.id, ifIdleSince: later)
        try await ada.expectUsage(Usage(reservedBytes: 5, openUploads: 1), in: store)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(11)), of: .project(ada.project.id))
        let second = try MetadataFixture.part(2, storedOn: later)
        try await expectRefusal(.quotaExceeded) {
            try await store.forgetPart(second.number, of: upload.id, replacedBy: 5)
        }
        try await expectRefusal(.quotaExceeded) { try await store.recordPart(second, of: upload.id) }
        try expect(try await store.parts(of: upload.id).count, equals: 1, "a refused part is not recorded")
        try await ada.expectUsage(Usage(reservedBytes: 5, openUploads: 1), in: store)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(12)), of: .project(ada.project.id))
        let earlier = try await store.forgetPart(second.number, of: upload.id, replacedBy: 5)
        try expect(earlier, equals: nil, "there is no record to delete")
        _ = try await store.recordPart(second, of: upload.id)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 1), in: store)
        let idle = try await store.lapsedReservations(idleSince: later.addingTimeInterval(1), limit: 9)
        try expect(idle, equals: [upload.id], "the reservation lapses again after further idleness")
    }

    static func activityReservesAgain(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let upload = ada.sized(12)
        try await store.addUpload(upload)
        _ = try await store.reduceReservation(of: upload.id, ifIdleSince: later)
        try await ada.expectUsage(Usage(openUploads: 1), in: store)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(11)), of: .user("ada"))
        try await store.keepAlive(upload.id, now: MetadataFixture.time, reserving: false)
        try await expectRefusal(.quotaExceeded) {
            try await store.keepAlive(upload.id, now: later, reserving: true)
        }
        let idle = try await store.idleUploads(since: later, limit: 9)
        try expect(idle, equals: [upload.id], "refused activity is not recorded")
        _ = try await store.setQuota(QuotaChange(bytes: .limit(12)), of: .user("ada"))
        try await store.keepAlive(upload.id, now: later, reserving: true)
        try await ada.expectUsage(Usage(reservedBytes: 12, openUploads: 1), in: store)
    }
}
