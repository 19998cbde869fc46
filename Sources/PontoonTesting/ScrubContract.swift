import Foundation
package import PontoonCore

/// Rules for ``ScrubStore``.
package enum ScrubContract: MetadataRule, CaseIterable {
    case objectsAreDueByTheirLastCheck
    case damagedObjectsAreDueFirst
    case resultsAreShownWithTheFile
    case unknownChecksumIsRecordedOnce
    case requestWaitsForALaterCheck
    case deletedObjectIsForgotten

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .objectsAreDueByTheirLastCheck: try await Self.objectsAreDueByTheirLastCheck(store, fixture)
        case .damagedObjectsAreDueFirst: try await Self.damagedObjectsAreDueFirst(store, fixture)
        case .resultsAreShownWithTheFile: try await Self.resultsAreShownWithTheFile(store, fixture)
        case .unknownChecksumIsRecordedOnce: try await Self.unknownChecksumIsRecordedOnce(store, fixture)
        case .requestWaitsForALaterCheck: try await Self.requestWaitsForALaterCheck(store, fixture)
        case .deletedObjectIsForgotten: try await Self.deletedObjectIsForgotten(store, fixture)
        }
    }

    private static func time(_ days: Double) -> Date { MetadataFixture.time.addingTimeInterval(days * 86400) }

    private static func check(
        _ object: FileContent,
        _ outcome: ObjectCheck.Outcome = .verified(CRC64NVME(rawValue: .max - 1)),
        on day: Double
    ) -> ObjectCheck {
        ObjectCheck(object: object, outcome: outcome, checkedOn: time(day))
    }

    private static func content(of file: File) throws -> FileContent { try require(file.content, "a file has content") }

    /// Returns the names of the files whose objects are due for a check, in the order of the store.
    private static func due(
        _ store: some MetadataStore,
        before first: Double,
        after last: Double = 1000,
        damagedBefore damaged: Double = 0,
        limit: Int = 9
    ) async throws -> [String] {
        let objects = try await store.objectsToCheck(
            outside: time(first)...time(last),
            damagedBefore: time(damaged),
            limit: limit
        )
        var names: [String] = []
        for object in objects {
            for id in try await store.files(of: object.key) { names.append(try await store.file(id)?.name ?? "") }
        }
        return names
    }

    private static func objectsAreDueByTheirLastCheck(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        var objects: [FileContent] = []
        for name in ["a", "b", "c"] { objects.append(try content(of: try await fixture.addFile(name, to: store))) }
        try expect(try await due(store, before: -1), equals: [], "new objects are not due")
        try expect(Set(try await due(store, before: 1)), equals: ["a", "b", "c"], "unchecked objects become due")
        try await store.record([check(objects[0], on: 5), check(objects[1], on: 3), check(objects[2], on: 4)])
        try expect(try await due(store, before: 3), equals: [], "the time of the last check counts")
        try expect(try await due(store, before: 10), equals: ["b", "c", "a"], "the earliest check comes first")
        try expect(try await due(store, before: 10, limit: 2), equals: ["b", "c"], "the limit")
        try expect(try await due(store, before: 0, after: 4), equals: ["a"], "a check in the future does not count")
        try await store.record([check(objects[1], .failed("no"), on: 6)])
        try expect(try await due(store, before: 10), equals: ["c", "a", "b"], "a failed check counts as well")
    }

    private static func damagedObjectsAreDueFirst(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let first = try content(of: try await fixture.addFile("a", to: store))
        let second = try content(of: try await fixture.addFile("b", to: store))
        try await store.record([check(first, on: 1), check(second, .damaged(.missing), on: 2)])
        try expect(try await due(store, before: 0, damagedBefore: 3), equals: ["b"], "damaged objects are due earlier")
        try expect(try await due(store, before: 9, damagedBefore: 3), equals: ["b", "a"], "each once, damaged first")
        try await store.record([check(second, on: 2)])
        try expect(try await due(store, before: 0, damagedBefore: 3), equals: [], "an intact object is not damaged")
    }

    private static func resultsAreShownWithTheFile(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let file = try await fixture.addFile("a", to: store)
        let object = try content(of: file)
        func expectVerification(_ verification: ContentVerification, _ rule: String) async throws {
            for consistency in [ReadConsistency.cached, .latest] {
                let file = try await store.file(file.id, reading: consistency)
                try expect(file?.content?.verification, equals: verification, rule)
            }
            let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
            try expect(list.items.first?.content?.verification, equals: verification, rule + ", in a list")
        }
        try await expectVerification(ContentVerification(), "a new file was never checked")
        try await store.record([check(object, on: 1)])
        try await expectVerification(ContentVerification(verifiedOn: time(1)), "a verified file")
        for (day, damage) in ContentDamage.allCases.enumerated() {
            try await store.record([check(object, .damaged(damage), on: Double(day + 2))])
            try await expectVerification(
                ContentVerification(verifiedOn: time(1), damage: damage),
                "a damaged file was intact before"
            )
        }
        try await store.record([check(object, .failed("no"), on: 8)])
        try await expectVerification(
            ContentVerification(verifiedOn: time(1), damage: ContentDamage.allCases.last),
            "a failed check changes nothing"
        )
        try await store.record([check(object, on: 9)])
        try await expectVerification(ContentVerification(verifiedOn: time(9)), "an intact file")
    }

    private static func unknownChecksumIsRecordedOnce(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let upload = fixture.upload()
        try await fixture.addCompletingUpload(upload, to: store)
        let object = FileContent(key: upload.key, size: 10, crc64: nil, md5: nil)
        let file = File(
            id: Identifiers.file(now: time(0)),
            name: upload.name,
            kind: .file,
            project: fixture.project.id,
            parent: fixture.root,
            content: object,
            createdOn: time(0)
        )
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "the upload completes")
        for value: UInt64 in [7, 8] {
            try await store.record([check(object, .readable(CRC64NVME(rawValue: value)), on: 1)])
            let content = try await store.file(file.id)?.content
            try expect(content?.crc64, equals: CRC64NVME(rawValue: 7), "the first checksum is recorded")
            try expect(content?.verification, equals: ContentVerification(), "nothing was compared")
        }
    }

    private static func requestWaitsForALaterCheck(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let file = try await fixture.addFile("a", to: store)
        let before = try content(of: file)
        try expect(try await !store.requestCheck(of: .random(), now: time(1)), "an unknown object")
        try expect(try await store.requestCheck(of: before.key, now: time(1)), "a request")
        try expect(try await store.requestCheck(of: before.key, now: time(2)), "a second request")
        let requested = try await store.requestedChecks(limit: 9)
        try expect(requested.map(\.key), equals: [before.key], "the object")
        try expect(requested.map(\.verification.requestedOn), equals: [time(1)], "the first request counts")
        try expect(try await store.file(file.id)?.content, equals: requested.first, "the file shows the request")
        try await store.record([check(before, on: 3)])
        try expect(try await store.requestedChecks(limit: 9).count, equals: 1, "a check that began before the request")
        try await store.record(requested.map { check($0, .failed("no"), on: 4) })
        try expect(try await store.requestedChecks(limit: 9), equals: [], "a check that began after the request")
    }

    private static func deletedObjectIsForgotten(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let object = try content(of: file)
        try expect(try await store.requestCheck(of: object.key, now: time(1)), "a request")
        try expect(try await store.deleteFile(file.id), "the file is deleted")
        try await store.record([check(object, on: 2)])
        try expect(try await due(store, before: 9), equals: [], "a deleted object is not due")
        try expect(try await store.requestedChecks(limit: 9), equals: [], "the request is deleted")
        try expect(try await !store.requestCheck(of: object.key, now: time(3)), "no check can be requested")
    }
}
