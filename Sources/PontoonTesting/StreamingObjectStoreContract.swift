import Foundation
import NIOCore
package import PontoonCore

/// Rules for ``StreamingObjectStore``.
///
/// Each rule needs a separate store, because recovery in one rule would remove the uploads of another.
package enum StreamingObjectStoreContract: String, CaseIterable, Sendable {
    case partsInOrderBecomeOneObject
    case partsInAnyOrderBecomeOneObject
    case longPartAndEmptyPartAreCopiedIn
    case shortPartInTheMiddleLeavesNoGap
    case noPartsResultInAnEmptyObject
    case finishingIsIdempotent
    case revertedUploadAcceptsPartsAgain
    case revertedCopyKeepsItsParts
    case discardedObjectIsGone
    case discardingNothingSucceeds
    case discardStopsWriters
    case finishStopsWriters
    case finishWaitsForAPartThatIsBeingRecorded
    case twoWritersOfOnePartNeverMix
    case partCanBeReadBeforeFinish
    case recoveryKeepsOpenUploadsOnly
    case checksumMismatchIsReported
    case wholeObjectIsUnconfirmedUntilItIsRecorded
    case wholeObjectWithoutRecordIsRemoved
    case wholeObjectWithUnknownRecordIsKept
    case objectsAreStoredTogether

    /// The part size in bytes in all rules.
    static let partSize: Int64 = 1000

    /// Checks the rule.
    ///
    /// - Throws: ``ContractViolation`` or an error of the store if the store breaks the rule.
    package func check(_ store: some StreamingObjectStore) async throws {
        switch self {
        case .partsInOrderBecomeOneObject: try await Self.assemble(store, [1000, 1000, 17], order: [1, 2, 3])
        case .partsInAnyOrderBecomeOneObject: try await Self.assemble(store, [1000, 1000, 1000], order: [3, 1, 2])
        case .longPartAndEmptyPartAreCopiedIn: try await Self.assemble(store, [1000, 1001, 0], order: [2, 3, 1])
        case .shortPartInTheMiddleLeavesNoGap:
            try await Self.assemble(store, [1000, 3, 999, 1500, 2], order: [1, 2, 3, 4, 5])
        case .noPartsResultInAnEmptyObject: try await Self.assemble(store, [], order: [])
        case .finishingIsIdempotent: try await Self.finishingAgain(store)
        case .revertedUploadAcceptsPartsAgain: try await Self.revert(store, sizes: [1000, 1000])
        case .revertedCopyKeepsItsParts: try await Self.revert(store, sizes: [10, 1000])
        case .discardedObjectIsGone: try await Self.discardedObjectIsGone(store)
        case .discardingNothingSucceeds: try await store.discard(ObjectReference(key: .random()))
        case .discardStopsWriters: try await Self.shutOut(store) { try await store.discard($0.object) }
        case .finishStopsWriters:
            try await Self.shutOut(store) { try await store.finish($0, parts: []) }
        case .finishWaitsForAPartThatIsBeingRecorded: try await Self.finishWaits(store)
        case .twoWritersOfOnePartNeverMix: try await Self.twoWriters(store)
        case .partCanBeReadBeforeFinish: try await Self.readPart(store)
        case .recoveryKeepsOpenUploadsOnly: try await Self.recovery(store)
        case .checksumMismatchIsReported: try await Self.mismatch(store)
        case .wholeObjectIsUnconfirmedUntilItIsRecorded: try await Self.wholeObject(store)
        case .wholeObjectWithoutRecordIsRemoved: try await Self.refusedObject(store)
        case .wholeObjectWithUnknownRecordIsKept: try await Self.unknownObject(store)
        case .objectsAreStoredTogether: try await Self.objectsTogether(store)
        }
    }

    static func upload(size: Int64? = nil) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: "u",
            destination: .folder(id: "f", project: ProjectID(owner: "u", shortName: "p"), wasGivenByFolder: false),
            name: "n",
            size: size,
            partSize: partSize,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: Date(timeIntervalSince1970: 0)
        )
    }

    /// Returns bytes that depend on the salt, so that different parts have different bytes.
    static func bytes(_ count: Int, salt: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ salt &* 101) })
    }

    static func store(
        _ bytes: ByteBuffer,
        as number: Int,
        of upload: Upload,
        in store: some StreamingObjectStore
    ) async throws -> PartRecord {
        let number = try PartNumber(number)
        let writer = try await store.openPart(
            number,
            of: upload,
            length: Int64(bytes.readableBytes),
            expecting: ExpectedChecksums()
        )
        return try await finish(writer, bytes, number)
    }

    private static func finish(
        _ writer: any PartWriter,
        _ bytes: ByteBuffer,
        _ number: PartNumber
    ) async throws -> PartRecord {
        var rest = bytes
        while rest.readableBytes > 300, let chunk = rest.readSlice(length: 300) { try await writer.write(chunk) }
        let digest = try await writer.commit(last: rest.readableBytes > 0 ? rest : nil) { $0 }
        try expect(digest.size, equals: Int64(bytes.readableBytes), "the written length")
        return PartRecord(
            number: number,
            size: digest.size,
            etag: digest.crc64.hex,
            crc64: digest.crc64,
            location: writer.location,
            storedOn: Date(timeIntervalSince1970: 0)
        )
    }

    static func content(_ key: ObjectKey, in store: some StreamingObjectStore) async throws -> ByteBuffer {
        let reader = try await store.openObject(key)
        let bytes = try await reader.read(at: 0, count: Int(reader.size) + 10)
        await reader.close()
        return bytes
    }

    private static func assemble(_ store: some StreamingObjectStore, _ sizes: [Int], order: [Int]) async throws {
        let upload = upload()
        var parts: [PartRecord] = []
        for number in order {
            parts.append(
                try await Self.store(bytes(sizes[number - 1], salt: number), as: number, of: upload, in: store)
            )
        }
        parts.sort { $0.number < $1.number }
        try await store.finish(upload, parts: parts)
        try await store.cleanUp(upload.key)
        var expected = ByteBuffer()
        for (index, size) in sizes.enumerated() { expected.writeImmutableBuffer(bytes(size, salt: index + 1)) }
        try expect(
            try await content(upload.key, in: store),
            equals: expected,
            "the parts in the order of their numbers"
        )
    }

    private static func finishingAgain(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        let part = try await Self.store(bytes(500, salt: 1), as: 1, of: upload, in: store)
        for _ in 0..<2 { try await store.finish(upload, parts: [part]) }
        try expect(try await content(upload.key, in: store), equals: bytes(500, salt: 1), "the same object")
    }

    private static func revert(_ store: some StreamingObjectStore, sizes: [Int]) async throws {
        let upload = upload()
        let first = try await Self.store(bytes(sizes[0], salt: 1), as: 1, of: upload, in: store)
        let second = try await Self.store(bytes(sizes[1], salt: 2), as: 2, of: upload, in: store)
        try await store.finish(upload, parts: [first, second])
        try await store.revertFinish(upload.key)
        try await expectRefusal(.fileNotFound) { try await store.openObject(upload.key) }
        let again = try await Self.store(bytes(sizes[1], salt: 3), as: 2, of: upload, in: store)
        try await store.finish(upload, parts: [first, again])
        try await store.cleanUp(upload.key)
        var expected = bytes(sizes[0], salt: 1)
        expected.writeImmutableBuffer(bytes(sizes[1], salt: 3))
        try expect(try await content(upload.key, in: store), equals: expected, "the newest bytes of each part")
    }

    private static func discardedObjectIsGone(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        let part = try await Self.store(bytes(500, salt: 1), as: 1, of: upload, in: store)
        try await store.finish(upload, parts: [part])
        try await store.discard(upload.object)
        try await expectRefusal(.fileNotFound) { try await store.openObject(upload.key) }
    }

    private static func shutOut(_ store: some StreamingObjectStore, by end: (Upload) async throws -> Void) async throws
    {
        let upload = upload()
        let number = try PartNumber(2)
        let writer = try await store.openPart(number, of: upload, length: 900, expecting: ExpectedChecksums())
        try await writer.write(bytes(100, salt: 1))
        try await end(upload)
        try await expectRefusal(.uploadNotFound) { try await writer.write(bytes(100, salt: 1)) }
        await writer.abort()
        if let reader = try? await store.openObject(upload.key) {
            try expect(reader.size, equals: 0, "nothing is written to a finished object")
            await reader.close()
        }
    }
}
