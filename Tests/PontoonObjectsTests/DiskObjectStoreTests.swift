import Foundation
import NIOCore
import PontoonCore
import PontoonObjects
import PontoonTesting
import SystemPackage
import Testing

struct DiskObjectStoreTests {
    @Test(arguments: StreamingObjectStoreContract.allCases)
    func contract(_ rule: StreamingObjectStoreContract) async throws {
        try await withDiskStore { store, _ in try await rule.check(store) }
    }

    @Test("satisfies the contract without syncing", arguments: StreamingObjectStoreContract.allCases)
    func contractWithoutSync(_ rule: StreamingObjectStoreContract) async throws {
        try await withDiskStore(durability: .os) { store, _ in try await rule.check(store) }
    }

    @Test("satisfies the contract of all object stores", arguments: ObjectStoreContract.allCases)
    func commonContract(_ rule: ObjectStoreContract) async throws {
        try await withDiskStore { store, _ in try await rule.check(DiskHarness(store: store)) }
    }

    @Test("a second process cannot open the same store")
    func lock() async throws {
        try await withDiskStore { _, folder in
            #expect(throws: PontoonError.self) {
                try DiskObjectStore(DiskSettings(folder: folder))
            }
        }
    }

    @Test("a declared size is preallocated by prepare and freed by discard")
    func room() async throws {
        try await withDiskStore { store, folder in
            let key = ObjectKey.random()
            try await store.prepare(key, size: 8 << 20)
            #expect(try allocatedBytes(folder) >= 8 << 20)
            try await store.discard(ObjectReference(key: key))
            #expect(try allocatedBytes(folder) < 1 << 20)
        }
    }

    @Test("space of parts that are not stored is freed, and the upload can be continued")
    func unusedSpace() async throws {
        try await withDiskStore { store, folder in
            let mebibyte = 1 << 20
            let upload = Upload.test(.random(), size: Int64(8 * mebibyte), partSize: Int64(2 * mebibyte))
            try await store.prepare(upload.key, size: upload.size)
            let second = try await put(ByteBuffer(repeating: 2, count: 2 * mebibyte), 2, upload, store)
            try await store.freeUnusedSpace(of: upload) { nil }
            #expect(try allocatedBytes(folder) >= 8 * mebibyte, "the space of a finished upload is not freed")

            let writer = try await store.openPart(
                try PartNumber(1),
                of: upload,
                length: Int64(2 * mebibyte),
                expecting: ExpectedChecksums()
            )
            try await store.freeUnusedSpace(of: upload) { [second] }
            #expect(try allocatedBytes(folder) >= 8 * mebibyte, "a part is being written")
            await writer.abort()

            var parts = [second]
            try await store.freeUnusedSpace(of: upload) {
                #expect(try allocatedBytes(folder) >= 8 * mebibyte)
                // Meanwhile, another part is stored. It is detached, because the space of the upload's file is being
                // freed.
                let third = try await put(ByteBuffer(repeating: 3, count: 2 * mebibyte), 3, upload, store)
                #expect(third.location != .inPlace)
                parts.append(third)
                return [second]
            }
            #expect(try allocatedBytes(folder) < 5 * mebibyte)
            for number in [4, 1] {
                let bytes = ByteBuffer(repeating: UInt8(number), count: 2 * mebibyte)
                parts.append(try await put(bytes, number, upload, store))
            }
            parts.sort { $0.number < $1.number }
            #expect(parts.map { $0.location == .inPlace } == [true, true, false, true])
            try await store.finish(upload, parts: parts)
            try await store.freeUnusedSpace(of: upload) { [] }
            let reader = try await store.openObject(upload.key)
            for number in 1...4 {
                let part = try await reader.read(at: Int64((number - 1) * 2 * mebibyte), count: 2 * mebibyte)
                #expect(part == ByteBuffer(repeating: UInt8(number), count: 2 * mebibyte), "part \(number)")
            }
            await reader.close()
        }
    }

    @Test("a part that is refused after its sync leaves neither bytes nor allocated space", arguments: [true, false])
    func refusedAfterSync(isInPlace: Bool) async throws {
        try await withDiskStore { store, folder in
            let upload = Upload.test(.random(), partSize: 4 << 20)
            let bytes = ByteBuffer(repeating: 7, count: 4 << 20)
            let writer = try await store.openPart(
                try PartNumber(1),
                of: upload,
                length: isInPlace ? Int64(bytes.readableBytes) : nil,
                expecting: ExpectedChecksums()
            )
            #expect((writer.location == .inPlace) == isInPlace)
            let detached = folder.appending("uploads").appending("\(upload.key.rawValue).parts")
            try await expectRefusal(.checksumMismatch) {
                try await writer.commit(last: bytes) { digest in
                    #expect(digest.size == 4 << 20)
                    #expect(try isInPlace ? allocatedBytes(folder) >= 4 << 20 : names(detached).count == 1)
                    throw PontoonError(.checksumMismatch, "refused")
                }
            }
            #expect(try isInPlace ? allocatedBytes(folder) < 1 << 20 : names(detached).isEmpty)
            let part = try await put(ByteBuffer(repeating: 8, count: 4 << 20), 1, upload, store)
            try await store.finish(upload, parts: [part])
            let reader = try await store.openObject(upload.key)
            #expect(try await reader.read(at: 0, count: 5 << 20) == ByteBuffer(repeating: 8, count: 4 << 20))
        }
    }

    @Test("a part whose record may have been committed keeps its bytes")
    func unknownCommit() async throws {
        struct ConnectionLost: Error {}
        try await withDiskStore { store, _ in
            let upload = Upload.test(.random(), partSize: 4096)
            let number = try PartNumber(1)
            let bytes = ByteBuffer(repeating: 7, count: 4096)
            let writer = try await store.openPart(number, of: upload, length: 4096, expecting: ExpectedChecksums())
            await #expect(throws: ConnectionLost.self) {
                try await writer.commit(last: bytes) { _ in throw ConnectionLost() }
            }
            let part = PartRecord(
                number: number,
                size: 4096,
                etag: "e",
                crc64: nil,
                location: writer.location,
                storedOn: Date()
            )
            let reader = try await store.readPart(part, of: upload)
            #expect(try await reader.read(at: 0, count: 4096) == bytes)
            // The writer has finished, so finishing the upload is allowed.
            try await store.finish(upload, parts: [part])
        }
    }

    @Test("a size that does not fit is refused and leaves no files")
    func noRoom() async throws {
        try await withDiskStore { store, folder in
            let error = await #expect(throws: PontoonError.self) {
                try await store.prepare(.random(), size: PartSizing.maximumFileSize)
            }
            #expect(error?.code == .noRoom)
            let left = try names(folder.appending("uploads"))
            #expect(left.isEmpty)
        }
    }

    @Test("finishing copies no bytes if all parts are in place, and leaves one file")
    func oneFile() async throws {
        try await withDiskStore { store, folder in
            let key = ObjectKey.random()
            let upload = Upload.test(key, partSize: 4096)
            let part = try await put(ByteBuffer(repeating: 7, count: 4096), 1, upload, store)
            #expect(part.location == .inPlace)
            let before = try inode(folder.appending("uploads").appending(key.rawValue))
            try await store.finish(upload, parts: [part])
            try await store.cleanUp(key)
            let path = folder.appending("files").appending(String(key.rawValue.suffix(2))).appending(key.rawValue)
            #expect(try inode(path) == before)
            #expect(try names(folder.appending("uploads")).isEmpty)
        }
    }

    @Test("a part of unknown length is detached, as it might not fit in place")
    func unknownLength() async throws {
        try await withDiskStore { store, _ in
            let upload = Upload.test(.random(), partSize: 10)
            let writer = try await store.openPart(
                try PartNumber(1),
                of: upload,
                length: nil,
                expecting: ExpectedChecksums()
            )
            #expect(writer.location != .inPlace)
            await writer.abort()
        }
    }

    @Test(
        "finishing fails if stored bytes are missing, instead of filling the gap with zeros",
        arguments: [0, 100]
    )
    func lostBytes(left: Int) async throws {
        try await withDiskStore { store, folder in
            let key = ObjectKey.random()
            let upload = Upload.test(key, partSize: 4096)
            let part = try await put(ByteBuffer(repeating: 7, count: 4096), 1, upload, store)
            let path = folder.appending("uploads").appending(key.rawValue).string
            if left == 0 { unlink(path) } else { truncate(path, left) }
            let error = await #expect(throws: PontoonError.self) {
                try await store.finish(upload, parts: [part])
            }
            #expect(error?.code == .completeRefused)
        }
    }

    private func put(
        _ bytes: ByteBuffer,
        _ number: Int,
        _ upload: Upload,
        _ store: DiskObjectStore
    ) async throws -> PartRecord {
        try await store.put(
            Array(bytes.readableBytesView)[...],
            as: number,
            of: upload,
            chunkSize: max(1, bytes.readableBytes)
        )
    }
}

/// A disk store that receives bytes in the same way as from the data plane.
private struct DiskHarness: ObjectStoreHarness {
    let store: DiskObjectStore
    let partSize: Int64 = 1000

    func send(_ bytes: ByteBuffer, as number: PartNumber, of upload: Upload) async throws -> PartRecord {
        let writer = try await store.openPart(
            number,
            of: upload,
            length: Int64(bytes.readableBytes),
            expecting: ExpectedChecksums()
        )
        try await writer.write(bytes)
        let digest = try await writer.commit(last: nil) { $0 }
        return PartRecord(
            number: number,
            size: digest.size,
            etag: digest.crc64.hex,
            crc64: digest.crc64,
            location: writer.location,
            storedOn: Date()
        )
    }

    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        try await store.finish(upload, parts: parts)
    }

    func revertFinish(_ key: ObjectKey) async throws { try await store.revertFinish(key) }

    func cleanUp(_ key: ObjectKey) async throws { try await store.cleanUp(key) }

    func content(_ key: ObjectKey) async throws -> ByteBuffer? {
        do {
            let reader = try await store.openObject(key)
            let bytes = try await reader.read(at: 0, count: Int(reader.size))
            await reader.close()
            return bytes
        } catch let error as PontoonError where error.code == .fileNotFound {
            return nil
        }
    }
}

extension DiskObjectStoreTests {
    @Test("an inventory lists all files in pages, without the lock of the store")
    func inventory() async throws {
        try await withDiskStore { _, folder in
            let keys = (0..<1100).map { String(format: "%030x", $0) + "ab" }
            try FileManager.default.createDirectory(
                atPath: folder.appending("files/ab").string,
                withIntermediateDirectories: false
            )
            let strange = ["files/ab/\(keys[0].dropLast())c", "files/ab/notes", "files/other", "uploads/temporary"]
            for name in keys.map({ "files/ab/\($0)" }) + strange {
                try Data("x".utf8).write(to: URL(filePath: folder.appending(name).string))
            }
            let inventory = DiskInventory(DiskSettings(folder: folder, threads: 1))
            var (listed, unknown) = (Set<ObjectKey>(), Set<String>())
            try await inventory.forEachEntry { page in
                #expect(page.count <= StoredEntry.pageSize)
                for entry in page {
                    if let key = entry.object?.key { listed.insert(key) } else { unknown.insert(entry.name) }
                }
            }
            try await inventory.shutDown()
            #expect(listed == Set(keys.compactMap { ObjectKey($0) }) && listed.count == keys.count)
            #expect(unknown == Set(strange))
        }
    }

    @Test("reverting a finished upload does not change an object to which a backup has linked")
    func linkedObject() async throws {
        try await withDiskStore(durability: .os) { store, folder in
            let upload = Upload.test(.random(), partSize: 4096)
            let part = try await put(ByteBuffer(repeating: 1, count: 4096), 1, upload, store)
            try await store.finish(upload, parts: [part])
            let object = folder.appending("files/\(upload.key.rawValue.suffix(2))/\(upload.key.rawValue)")
            let link = folder.appending("link")
            try FileManager.default.linkItem(atPath: object.string, toPath: link.string)
            try await store.revertFinish(upload.key)
            let again = try await put(ByteBuffer(repeating: 2, count: 4096), 1, upload, store)
            try await store.finish(upload, parts: [again])
            #expect(FileManager.default.contents(atPath: link.string) == Data(repeating: 1, count: 4096))
            #expect(FileManager.default.contents(atPath: object.string) == Data(repeating: 2, count: 4096))
        }
    }
}

private func names(_ folder: FilePath) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.string)
}

private func inode(_ path: FilePath) throws -> UInt64 {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return try #require(attributes[.systemFileNumber] as? UInt64)
}

private func allocatedBytes(_ folder: FilePath) throws -> Int {
    let url = URL(filePath: folder.appending("uploads").string)
    let files = try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
    return try files.reduce(0) { sum, file in
        var status = stat()
        try #require(lstat(file.path, &status) == 0)
        return sum + Int(status.st_blocks) * 512
    }
}
