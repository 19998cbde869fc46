import Foundation
package import PontoonCore

/// Rules for ``PartStore``.
package enum PartContract: MetadataRule, CaseIterable {
    case partRoundTrips
    case partsAreOrderedByNumber
    case laterRecordReplaces
    case replacementIsNotReported
    case concurrentRecordsReplaceEachOther
    case onlyAnActiveUploadAcceptsParts
    case forgottenPartIsGone
    case onlyAnActiveUploadForgetsParts
    case unreportedPartsAreLeftOut
    case reportsAreAtomic
    case reportIgnoresCase
    case manyReportsMayBeRepeated
    case reportedSetIsFixedWhileCompleting

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        let upload = fixture.upload()
        try await store.addUpload(upload)
        switch self {
        case .partRoundTrips: try await Self.partRoundTrips(store, upload)
        case .partsAreOrderedByNumber: try await Self.partsAreOrderedByNumber(store, upload)
        case .laterRecordReplaces: try await Self.laterRecordReplaces(store, upload)
        case .replacementIsNotReported: try await Self.replacementIsNotReported(store, upload)
        case .concurrentRecordsReplaceEachOther: try await Self.concurrentRecordsReplaceEachOther(store, upload)
        case .onlyAnActiveUploadAcceptsParts: try await Self.onlyAnActiveUploadAcceptsParts(store, fixture)
        case .forgottenPartIsGone: try await Self.forgottenPartIsGone(store, upload)
        case .onlyAnActiveUploadForgetsParts: try await Self.onlyAnActiveUploadForgetsParts(store, upload)
        case .unreportedPartsAreLeftOut: try await Self.unreportedPartsAreLeftOut(store, upload)
        case .reportsAreAtomic: try await Self.reportsAreAtomic(store, upload)
        case .reportIgnoresCase: try await Self.reportIgnoresCase(store, upload)
        case .manyReportsMayBeRepeated: try await Self.manyReportsMayBeRepeated(store, fixture)
        case .reportedSetIsFixedWhileCompleting: try await Self.reportedSetIsFixedWhileCompleting(store, upload)
        }
    }

    private static func report(_ number: Int, _ etag: String) throws -> PartReport {
        PartReport(number: try PartNumber(number), etag: etag)
    }

    private static func reported(_ store: some MetadataStore, _ upload: Upload) async throws -> [Int] {
        try await store.parts(of: upload.id).filter(\.isReported).map(\.number.rawValue)
    }

    private static func partRoundTrips(_ store: some MetadataStore, _ upload: Upload) async throws {
        let number = try PartNumber(10_000)
        try expect(try await store.part(number, of: upload.id), equals: nil, "a part that is not stored")
        let part = PartRecord(
            number: number,
            size: 1 << 40,
            etag: "AbC-1",
            crc64: nil,
            location: .detached(name: "side:7"),
            storedOn: MetadataFixture.time
        )
        try expect(try await store.recordPart(part, of: upload.id), equals: nil, "nothing is replaced")
        try expect(try await store.part(number, of: upload.id), equals: part, "a stored part is read back unchanged")
        try expect(try await store.part(number, of: "nope"), equals: nil, "a part of an unknown upload")
    }

    private static func partsAreOrderedByNumber(_ store: some MetadataStore, _ upload: Upload) async throws {
        let parts = try [1, 2, 9, 10, 100].map { try MetadataFixture.part($0) }
        for part in parts.reversed() { _ = try await store.recordPart(part, of: upload.id) }
        try expect(try await store.parts(of: upload.id), equals: parts, "parts are ordered by number")
        try expect(try await store.parts(of: "nope"), equals: [], "parts of an unknown upload")
    }

    private static func laterRecordReplaces(_ store: some MetadataStore, _ upload: Upload) async throws {
        let (first, second) = (
            try MetadataFixture.part(1, etag: "a", size: 1), try MetadataFixture.part(1, etag: "b", size: 2)
        )
        _ = try await store.recordPart(first, of: upload.id)
        try expect(try await store.recordPart(second, of: upload.id), equals: first, "the replaced record")
        try expect(try await store.parts(of: upload.id), equals: [second], "the later record replaces the first")
    }

    private static func replacementIsNotReported(_ store: some MetadataStore, _ upload: Upload) async throws {
        let part = try MetadataFixture.part(1, etag: "a")
        _ = try await store.recordPart(part, of: upload.id)
        try expect(try await store.reportParts([report(1, "a")], of: upload.id), equals: nil, "the report is correct")
        try expect(try await reported(store, upload), equals: [1], "the part is reported")
        let replaced = try await store.recordPart(part, of: upload.id)
        try expect(replaced?.isReported, equals: true, "the replaced record was reported")
        try expect(try await reported(store, upload), equals: [], "a part that is sent again must be reported again")
    }

    private static func concurrentRecordsReplaceEachOther(_ store: some MetadataStore, _ upload: Upload) async throws {
        let parts = try (1...24).map { try MetadataFixture.part(1, etag: "tag\($0)", size: Int64($0)) }
        let replaced = try await concurrently(parts.count) { index in
            try await store.recordPart(parts[index], of: upload.id)
        }
        let left = try require(try await store.part(try PartNumber(1), of: upload.id), "one record remains")
        try expect(
            Set(replaced.compactMap { $0 } + [left]),
            equals: Set(parts),
            "each record was replaced once or remains"
        )
        try expect(replaced.count { $0 == nil }, equals: 1, "exactly one record replaced nothing")
    }

    private static func onlyAnActiveUploadAcceptsParts(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (aborted, completing) = (fixture.upload("b"), fixture.upload("c"))
        try await store.addUpload(aborted)
        _ = try await store.abortUpload(aborted.id)
        try await store.addUpload(completing)
        let part = try MetadataFixture.part(1, etag: "a")
        _ = try await store.recordPart(part, of: completing.id)
        _ = try await store.beginCompletion(of: completing.id)
        let other = try MetadataFixture.part(1, etag: "b")
        for id in ["nope", aborted.id, completing.id] {
            try await expectRefusal(.uploadNotFound) { try await store.recordPart(other, of: id) }
        }
        try expect(try await store.parts(of: completing.id), equals: [part], "nothing was changed")
        try expect(try await store.parts(of: aborted.id), equals: [], "nothing was added")
        let isDone = try await store.completeUpload(completing.id, file: fixture.file(of: completing), overwrite: false)
        try expect(isDone, "the upload completes")
        try await expectRefusal(.uploadNotFound) { try await store.recordPart(other, of: completing.id) }
        try expect(try await store.parts(of: completing.id), equals: [], "a completed upload has no parts")
    }

    private static func forgottenPartIsGone(_ store: some MetadataStore, _ upload: Upload) async throws {
        let (one, two) = (try MetadataFixture.part(1), try MetadataFixture.part(2))
        try expect(try await store.forgetPart(one.number, of: upload.id), equals: nil, "there is no record to delete")
        _ = try await store.recordPart(one, of: upload.id)
        _ = try await store.recordPart(two, of: upload.id)
        try expect(try await store.forgetPart(one.number, of: upload.id), equals: one, "the deleted record")
        try expect(try await store.parts(of: upload.id), equals: [two], "the other part stays")
        try expect(try await store.recordPart(one, of: upload.id), equals: nil, "nothing is replaced")
    }

    private static func onlyAnActiveUploadForgetsParts(_ store: some MetadataStore, _ upload: Upload) async throws {
        let part = try MetadataFixture.part(1)
        _ = try await store.recordPart(part, of: upload.id)
        _ = try await store.beginCompletion(of: upload.id)
        for id in [upload.id, "nope"] {
            try await expectRefusal(.uploadNotFound) { try await store.forgetPart(part.number, of: id) }
        }
        try await expectRefusal(.uploadNotFound) { try await store.forgetPart(PartNumber(2), of: upload.id) }
        try expect(try await store.parts(of: upload.id), equals: [part], "nothing was changed")
    }

    private static func unreportedPartsAreLeftOut(_ store: some MetadataStore, _ upload: Upload) async throws {
        let parts = try (1...4).map { try MetadataFixture.part($0, etag: "a") }
        for part in parts { _ = try await store.recordPart(part, of: upload.id) }
        try expect(
            try await store.reportParts([report(1, "a"), report(3, "a")], of: upload.id),
            equals: nil,
            "reported"
        )
        try expect(
            try await store.forgetUnreportedParts(of: upload.id),
            equals: [],
            "no part of an active upload is deleted"
        )
        try expect(try await store.forgetUnreportedParts(of: "nope"), equals: [], "parts of an unknown upload")
        _ = try await store.beginCompletion(of: upload.id)
        let forgotten = try await store.forgetUnreportedParts(of: upload.id)
        try expect(forgotten, equals: [parts[1], parts[3]], "the unreported parts, ordered by number")
        try expect(try await store.parts(of: upload.id).map(\.number.rawValue), equals: [1, 3], "the others stay")
    }

    private static func reportsAreAtomic(_ store: some MetadataStore, _ upload: Upload) async throws {
        for number in 1...3 {
            _ = try await store.recordPart(try MetadataFixture.part(number, etag: "a"), of: upload.id)
        }
        let wrong = try [report(1, "a"), report(4, "a"), report(2, "x")]
        try expect(
            try await store.reportParts(wrong, of: upload.id),
            equals: .partNotStored(wrong[1].number),
            "the first part that is not stored"
        )
        let other = try [report(1, "a"), report(2, "x"), report(9, "a")]
        let mismatch = ReportRejection.etagMismatch(other[1].number, stored: "a")
        try expect(
            try await store.reportParts(other, of: upload.id),
            equals: mismatch,
            "the first part with another ETag"
        )
        try expect(try await reported(store, upload), equals: [], "no part was marked as reported")
        try expect(
            try await store.reportParts([report(3, "a"), report(1, "a")], of: upload.id),
            equals: nil,
            "all reports are correct"
        )
        try expect(try await reported(store, upload), equals: [1, 3], "the reported parts were marked")
        try expect(try await store.reportParts([], of: upload.id), equals: nil, "nothing to report")
        let stray = try report(1, "a")
        try expect(
            try await store.reportParts([stray], of: "nope"),
            equals: .uploadNotFound,
            "an unknown upload"
        )
    }

    private static func reportIgnoresCase(_ store: some MetadataStore, _ upload: Upload) async throws {
        _ = try await store.recordPart(try MetadataFixture.part(1, etag: "AbCd-1"), of: upload.id)
        let report = try report(1, "\"aBcD-1\"")
        try expect(try await store.reportParts([report], of: upload.id), equals: nil, "the ETag matches")
        let stored = try await store.part(report.number, of: upload.id)
        try expect(stored?.etag, equals: "AbCd-1", "the ETag is stored unchanged")
    }

    private static func manyReportsMayBeRepeated(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let count = 1200
        // All parts end before the declared size, so that recording them does not change the reservation.
        let upload = fixture.sized(Int64(count) * 5)
        try await store.addUpload(upload)
        _ = try await concurrently(count) { index in
            try await store.recordPart(try MetadataFixture.part(index + 1, etag: "a"), of: upload.id)
        }
        var reports = try (1...count).map { try report($0, "a") }
        reports += [reports[0], reports[7]]
        for _ in 0..<2 {
            try expect(
                try await store.reportParts(reports, of: upload.id),
                equals: nil,
                "all reports are correct, even if repeated"
            )
        }
        try expect(try await reported(store, upload), equals: Array(1...count), "all parts are marked as reported")
    }

    private static func reportedSetIsFixedWhileCompleting(_ store: some MetadataStore, _ upload: Upload) async throws {
        for number in 1...2 {
            _ = try await store.recordPart(try MetadataFixture.part(number, etag: "a"), of: upload.id)
        }
        let reports = try [report(1, "a"), report(2, "a")]
        try expect(try await store.reportParts([reports[0]], of: upload.id), equals: nil, "the report is correct")
        _ = try await store.beginCompletion(of: upload.id)
        try expect(try await store.reportParts([reports[0]], of: upload.id), equals: nil, "a report may be repeated")
        try expect(
            try await store.reportParts(reports, of: upload.id),
            equals: .uploadNotActive,
            "no part may be added"
        )
        try expect(try await reported(store, upload), equals: [1], "nothing was changed")
    }
}
