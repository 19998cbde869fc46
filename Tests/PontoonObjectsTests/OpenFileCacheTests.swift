import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonObjects

/// The cache of open objects.
///
/// An object stays open for a short time, so that successive range requests do not open it again.
struct OpenFileCacheTests {
    @Test("a discarded object takes no space once its last reader is closed")
    func discard() async throws {
        try await withDiskStore(durability: .os) { store, _ in
            let key = try await Self.object(store)
            try await store.openObject(key).close()
            let reader = try await store.openObject(key)
            try await store.discard(ObjectReference(key: key))
            #expect(try await reader.read(at: 0, count: 5).readableBytes == 5, "a reader can still read")
            try await eventually("only the reader's file is open") { try Self.descriptors(of: key) == 1 }
            await reader.close()
            try await eventually("the file is closed") { try Self.descriptors(of: key) == 0 }
            await #expect(throws: PontoonError.self) { try await store.openObject(key) }
        }
    }

    @Test("the space of a discarded object without readers is free when discard returns")
    func discardWithoutReaders() async throws {
        try await withDiskStore(durability: .os) { store, _ in
            let key = try await Self.object(store)
            try await store.openObject(key).close()
            try await eventually("nothing is queued") { store.executor.operations == 0 }
            // All threads are busy until the object is being discarded, and are busy again right afterwards. If discard
            // left the closing of the file to a later closure, the file would still be open.
            let before = DispatchSemaphore(value: 0)
            let after = DispatchSemaphore(value: 0)
            let threads = 4
            for _ in 0..<threads { store.executor.submit { _ in before.wait() } }
            async let discarded: Void = store.discard(ObjectReference(key: key))
            try await eventually("discard is queued") { store.executor.operations == threads + 1 }
            for _ in 0..<threads { store.executor.submit { _ in after.wait() } }
            for _ in 0..<threads { before.signal() }
            defer { for _ in 0..<threads { after.signal() } }
            try await discarded
            #expect(try Self.descriptors(of: key) == 0)
        }
    }

    @Test("readers of one object share its file; the oldest of too many files is closed")
    func sharing() async throws {
        try await withDiskStore(durability: .os) { store, folder in
            var opened: [(key: ObjectKey, path: FilePath)] = []
            for _ in 0...OpenFileCache.capacity {
                let key = try await Self.object(store)
                opened.append((key, folder.appending("files/\(key.rawValue.suffix(2))/\(key.rawValue)")))
            }
            let cache = OpenFileCache()
            var files: [OpenFile] = []
            for (key, path) in opened {
                let file = try OpenFile(path, executor: store.executor)
                cache.insert(file, of: key)
                #expect(cache.file(of: key, at: file.openedAt) === file)
                #expect(cache.file(of: key, at: file.openedAt + .seconds(1)) == nil)
                files.append(file)
            }
            #expect(cache.file(of: opened[0].key, at: files[0].openedAt) == nil)
        }
    }

    @Test("an object without readers is soon closed")
    func closing() async throws {
        try await withDiskStore(durability: .os) { store, _ in
            let key = try await Self.object(store)
            try await store.openObject(key).close()
            try await eventually("the file is closed") { try Self.descriptors(of: key) == 0 }
        }
    }

    /// Stores an object of 10 bytes.
    private static func object(_ store: DiskObjectStore) async throws -> ObjectKey {
        let upload = Upload.test(size: 10, partSize: 10)
        try await store.prepare(upload.key, size: upload.size)
        let part = try await store.put([UInt8](repeating: 7, count: 10)[...], as: 1, of: upload, chunkSize: 10)
        try await store.finish(upload, parts: [part])
        return upload.key
    }

    /// Returns how many descriptors of this process refer to an object, even if the object was removed.
    private static func descriptors(of key: ObjectKey) throws -> Int {
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return descriptors.count { name in
            // Another test may have closed the descriptor in the meantime.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            return target?.contains(key.rawValue) ?? false
        }
    }
}
