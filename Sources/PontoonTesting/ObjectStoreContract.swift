import Foundation
package import NIOCore
package import PontoonCore

/// An object store under test, with operations that hide the differences between kinds of stores.
package protocol ObjectStoreHarness: Sendable {
    associatedtype Store: ObjectStore
    var store: Store { get }
    /// The part size in bytes.
    var partSize: Int64 { get }
    /// Stores a part in the way that clients of this kind of store do, through the server or directly.
    ///
    /// - Returns: The part's record, with its ETag and length.
    func send(_ bytes: ByteBuffer, as number: PartNumber, of upload: Upload) async throws -> PartRecord
    /// Assembles the object from stored parts, given in the order of their numbers.
    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject
    /// Reverts ``finish(_:parts:)``. Does nothing if the store does not support this.
    func revertFinish(_ key: ObjectKey) async throws
    /// Removes the data that the store keeps only for ``revertFinish(_:)``.
    func cleanUp(_ key: ObjectKey) async throws
    /// Returns the bytes of an object; `nil` if it does not exist.
    func content(_ key: ObjectKey) async throws -> ByteBuffer?
}

/// Rules that every ``ObjectStore`` must satisfy.
package enum ObjectStoreContract: String, CaseIterable, Sendable {
    case partsInOrderBecomeOneObject
    case partsInAnyOrderBecomeOneObject
    case longPartAndEmptyPartBecomeOneObject
    case onePartMayBeShort
    case noPartsResultInAnEmptyObject
    case anEmptyPartResultsInAnEmptyObject
    case lastUploadOfAPartCounts
    case finishingIsIdempotent
    case finishingAfterRevertingResultsInTheSameObject
    case finishReturnsLengthAndChecksum
    case discardedObjectIsGone
    case discardedUploadCannotBeFinished
    case discardingIsIdempotent
    case recoveryKeepsOpenUploads
    case inventoryContainsObjectsAndUploads

    /// Checks the rule.
    ///
    /// - Throws: ``ContractViolation`` or an error of the store if the store breaks the rule.
    package func check(_ harness: some ObjectStoreHarness) async throws {
        let full = Int(harness.partSize)
        switch self {
        case .partsInOrderBecomeOneObject: try await Self.assemble(harness, [full, full, 17], order: [1, 2, 3])
        case .partsInAnyOrderBecomeOneObject: try await Self.assemble(harness, [full, full, 1], order: [3, 1, 2])
        case .longPartAndEmptyPartBecomeOneObject:
            try await Self.assemble(harness, [full, full + 1, 0], order: [2, 3, 1])
        case .onePartMayBeShort: try await Self.assemble(harness, [1], order: [1])
        case .noPartsResultInAnEmptyObject: try await Self.assemble(harness, [], order: [])
        case .anEmptyPartResultsInAnEmptyObject: try await Self.assemble(harness, [0], order: [1])
        case .lastUploadOfAPartCounts: try await Self.newestBytes(harness)
        case .finishingIsIdempotent: try await Self.finishAgain(harness) { _ in }
        case .finishingAfterRevertingResultsInTheSameObject:
            try await Self.finishAgain(harness) { try await harness.revertFinish($0.key) }
        case .finishReturnsLengthAndChecksum: try await Self.finishTells(harness)
        case .discardedObjectIsGone: try await Self.discardedObject(harness)
        case .discardedUploadCannotBeFinished: try await Self.discardedUpload(harness)
        case .discardingIsIdempotent: try await Self.discardAgain(harness)
        case .recoveryKeepsOpenUploads: try await Self.recovery(harness)
        case .inventoryContainsObjectsAndUploads: try await Self.inventory(harness)
        }
    }

    /// Creates an upload and prepares the store for it.
    package static func upload(in harness: some ObjectStoreHarness, size: Int64? = nil) async throws -> Upload {
        let key = ObjectKey.random()
        let handle = try await harness.store.prepare(key, size: size)
        return Upload(
            id: Identifiers.upload(),
            userName: "u",
            destination: .folder(id: "f", project: ProjectID(owner: "u", shortName: "p"), wasGivenByFolder: false),
            name: "n",
            size: size,
            partSize: harness.partSize,
            md5: nil,
            rule: .fail,
            key: key,
            handle: handle,
            initiatedOn: Date(timeIntervalSince1970: 0)
        )
    }

    /// Returns bytes that depend on the salt, so that different parts have different bytes.
    package static func bytes(_ count: Int, salt: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ salt &* 101) })
    }

    private static func send(
        _ bytes: ByteBuffer,
        _ number: Int,
        of upload: Upload,
        _ harness: some ObjectStoreHarness
    ) async throws -> PartRecord {
        let part = try await harness.send(bytes, as: try PartNumber(number), of: upload)
        try expect(part.size, equals: Int64(bytes.readableBytes), "the part's length")
        return part
    }

    private static func assemble(_ harness: some ObjectStoreHarness, _ sizes: [Int], order: [Int]) async throws {
        let upload = try await upload(in: harness)
        var parts: [PartRecord] = []
        for number in order {
            parts.append(try await send(bytes(sizes[number - 1], salt: number), number, of: upload, harness))
        }
        parts.sort { $0.number < $1.number }
        try await harness.finish(upload, parts: parts)
        try await harness.cleanUp(upload.key)
        var expected = ByteBuffer()
        for (index, size) in sizes.enumerated() { expected.writeImmutableBuffer(bytes(size, salt: index + 1)) }
        let content = try await harness.content(upload.key)
        try expect(content == expected, "the object consists of the parts in the order of their numbers")
    }

    private static func newestBytes(_ harness: some ObjectStoreHarness) async throws {
        let upload = try await upload(in: harness)
        let full = Int(harness.partSize)
        _ = try await send(bytes(full, salt: 1), 1, of: upload, harness)
        let second = try await send(bytes(9, salt: 2), 2, of: upload, harness)
        let again = try await send(bytes(full, salt: 3), 1, of: upload, harness)
        try await harness.finish(upload, parts: [again, second])
        var expected = bytes(full, salt: 3)
        expected.writeImmutableBuffer(bytes(9, salt: 2))
        let content = try await harness.content(upload.key)
        try expect(content == expected, "the object contains the part that was sent last")
    }

    private static func finishAgain(
        _ harness: some ObjectStoreHarness,
        after between: (Upload) async throws -> Void
    ) async throws {
        let upload = try await upload(in: harness)
        let part = try await send(bytes(500, salt: 1), 1, of: upload, harness)
        let first = try await harness.finish(upload, parts: [part])
        try await between(upload)
        try expect(try await harness.finish(upload, parts: [part]), equals: first, "the same result")
        try expect(try await harness.content(upload.key) == bytes(500, salt: 1), "the same object")
    }

    private static func finishTells(_ harness: some ObjectStoreHarness) async throws {
        let upload = try await upload(in: harness)
        let sent = bytes(500, salt: 1)
        let part = try await send(sent, 1, of: upload, harness)
        var crc64 = CRC64NVME()
        sent.withUnsafeReadableBytes { crc64.update($0) }
        let object = try await harness.finish(upload, parts: [part])
        try expect(object.size, equals: 500, "the object's length")
        try expect(object.crc64 ?? crc64, equals: crc64, "the object's checksum, if it is known")
    }

    private static func discardedObject(_ harness: some ObjectStoreHarness) async throws {
        let upload = try await upload(in: harness)
        let part = try await send(bytes(500, salt: 1), 1, of: upload, harness)
        try await harness.finish(upload, parts: [part])
        // As when a file is deleted, the reference has no upload handle.
        try await harness.store.discard(ObjectReference(key: upload.key))
        try expect(try await harness.content(upload.key), equals: nil, "the object is gone")
    }

    private static func discardedUpload(_ harness: some ObjectStoreHarness) async throws {
        let upload = try await upload(in: harness)
        let part = try await send(bytes(500, salt: 1), 1, of: upload, harness)
        try await harness.store.discard(upload.object)
        try await expectRefusal(.completeRefused) { try await harness.finish(upload, parts: [part]) }
        try expect(try await harness.content(upload.key), equals: nil, "no object is created")
    }

    private static func discardAgain(_ harness: some ObjectStoreHarness) async throws {
        try await harness.store.discard(ObjectReference(key: .random()))
        let upload = try await upload(in: harness, size: 10)
        for _ in 0..<2 { try await harness.store.discard(upload.object) }
    }

    private static func recovery(_ harness: some ObjectStoreHarness) async throws {
        let upload = try await upload(in: harness)
        let part = try await send(bytes(500, salt: 1), 1, of: upload, harness)
        try await harness.store.recover(comparingWith: FixedObjectRecords(open: [upload.key]))
        try await harness.finish(upload, parts: [part])
        try expect(try await harness.content(upload.key) == bytes(500, salt: 1), "the bytes of an unfinished upload")
    }

    private static func inventory(_ harness: some ObjectStoreHarness) async throws {
        let (open, finished, gone) = (
            try await upload(in: harness), try await upload(in: harness), try await upload(in: harness)
        )
        _ = try await send(bytes(300, salt: 1), 1, of: open, harness)
        for upload in [finished, gone] {
            let part = try await send(bytes(500, salt: 2), 1, of: upload, harness)
            try await harness.finish(upload, parts: [part])
            try await harness.cleanUp(upload.key)
        }
        try await harness.store.discard(ObjectReference(key: gone.key))
        var entries: [StoredEntry] = []
        try await harness.store.forEachEntry { page in
            try expect(!page.isEmpty && page.count <= StoredEntry.pageSize, "the length of a page")
            entries += page
        }
        try expect(entries.filter { $0.content == .object(finished.key) }.map(\.size), equals: [500], "the object")
        try expect(entries.contains { $0.content == .upload(open.object) }, "the unfinished upload is listed")
        try expect(entries.count, equals: 2, "the number of entries")
        try expect(try await harness.store.storedSize(finished.key), equals: 500, "the length of an object")
        for key in [open.key, gone.key] {
            try expect(try await harness.store.storedSize(key), equals: nil, "there is no such object")
        }
    }
}
