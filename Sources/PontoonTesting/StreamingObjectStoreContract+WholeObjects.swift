import Foundation
import NIOCore
import PontoonCore

/// The error of a commit whose outcome is unknown.
private struct LostConnection: Error {}

/// Rules for objects that are stored in one call, without an upload.
extension StreamingObjectStoreContract {
    private static func file(_ key: ObjectKey) -> File {
        File(
            id: "f",
            name: "n",
            kind: .file,
            project: ProjectID(owner: "u", shortName: "p"),
            parent: "p",
            content: FileContent(key: key, size: 0, crc64: nil, md5: nil),
            createdOn: Date(timeIntervalSince1970: 0)
        )
    }

    static func wholeObject(_ store: some StreamingObjectStore) async throws {
        for sizes in [[], [5], [3, 2000, 1]] {
            let key = ObjectKey.random()
            let chunks = sizes.enumerated().map { bytes($1, salt: $0) }
            let writer = store.openWriter(of: key, expecting: ExpectedChecksums())
            for chunk in chunks.dropLast() { try await writer.write(chunk) }
            let whole = chunks.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
            let added = try await writer.commit(last: chunks.last) { digest in
                var crc64 = CRC64NVME()
                whole.withUnsafeReadableBytes { crc64.update($0) }
                try expect(digest.size, equals: Int64(whole.readableBytes), "the length")
                try expect(digest.crc64, equals: crc64, "the checksum")
                try expect(try await store.unconfirmedObjects(), equals: [key], "while it is recorded")
                try expect(try await content(key, in: store), equals: whole, "the object is complete")
                return .added(file(key))
            }
            try expect(added, equals: .added(file(key)), "the result")
            try expect(try await store.unconfirmedObjects(), equals: [], "once it is recorded")
            try await store.recover(comparingWith: FixedObjectRecords(objects: [key]))
            try expect(try await content(key, in: store), equals: whole, "the object remains")
        }
    }

    static func refusedObject(_ store: some StreamingObjectStore) async throws {
        let wrong = try ExpectedChecksums(crc64nvme: nil, crc32c: "AAAAAA==", sha256: nil, contentMD5: nil)
        let keys = (0..<4).map { _ in ObjectKey.random() }
        let writers = keys.enumerated().map { index, key in
            store.openWriter(of: key, expecting: index == 0 ? wrong : ExpectedChecksums())
        }
        for writer in writers { try await writer.write(bytes(3000, salt: 1)) }
        try await expectRefusal(.checksumMismatch) {
            try await writers[0].commit(last: nil) { _ in throw ContractViolation("the mismatch was not noticed") }
        }
        try await expectRefusal(.nameTaken) {
            try await writers[1].commit(last: nil) { _ in throw PontoonError(.nameTaken, "the name is taken") }
        }
        _ = try await writers[2].commit(last: nil) { _ in .skipped(file(.random())) }
        await writers[3].abort()
        try expect(try await store.unconfirmedObjects(), equals: [], "unconfirmed objects")
        for key in keys {
            try expect(try await store.storedSize(key), equals: nil, "the object is removed")
        }
    }

    static func unknownObject(_ store: some StreamingObjectStore) async throws {
        let key = ObjectKey.random()
        let writer = store.openWriter(of: key, expecting: ExpectedChecksums())
        do {
            _ = try await writer.commit(last: bytes(9, salt: 1)) { _ in throw LostConnection() }
        } catch is LostConnection {}
        // The record may exist, so recovery must not remove the object.
        try await store.recover(comparingWith: FixedObjectRecords())
        try expect(try await store.unconfirmedObjects(), equals: [key], "unconfirmed objects")
        try expect(try await content(key, in: store), equals: bytes(9, salt: 1), "the object is kept")
        try await store.confirm([key])
        try expect(try await store.unconfirmedObjects(), equals: [], "unconfirmed objects")
        try expect(try await content(key, in: store), equals: bytes(9, salt: 1), "a confirmed object is kept")
        try await store.discard(ObjectReference(key: key))
        try expect(try await store.storedSize(key), equals: nil, "a discarded object")
    }

    static func objectsTogether(_ store: some StreamingObjectStore) async throws {
        let wrong = try ExpectedChecksums(crc64nvme: nil, crc32c: "AAAAAA==", sha256: nil, contentMD5: nil)
        let objects = (0..<100).map { number in
            let expected = number == 7 ? wrong : ExpectedChecksums()
            return NewObject(key: .random(), bytes: bytes(number * 100, salt: number), expecting: expected)
        }
        let results = try await store.createObjects(objects)
        try expect(results.count, equals: 100, "results")
        try await expectRefusal(.checksumMismatch) { try results[7].get() }
        let kept = objects.enumerated().filter { $0.offset != 7 }.map(\.element)
        try expect(Set(try await store.unconfirmedObjects()), equals: Set(kept.map(\.key)), "unconfirmed objects")
        for (object, result) in zip(objects, results) {
            guard object.key != objects[7].key else { continue }
            try expect(try result.get().size, equals: Int64(object.bytes.readableBytes), "the length")
            try expect(try await content(object.key, in: store), equals: object.bytes, "the bytes")
        }
        await store.removeUnconfirmed(kept.prefix(50).map(\.key))
        try await store.confirm(kept.dropFirst(50).map(\.key))
        try expect(try await store.unconfirmedObjects(), equals: [], "unconfirmed objects")
        for (index, object) in kept.enumerated() {
            let size = try await store.storedSize(object.key)
            try expect(size, equals: index < 50 ? nil : Int64(object.bytes.readableBytes), "the object")
        }
        try expect(try await store.createObjects([]).count, equals: 0, "no objects")
    }
}
