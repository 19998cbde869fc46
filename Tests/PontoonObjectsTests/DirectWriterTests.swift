import CFileCalls
import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonObjects

/// Parts that are written with direct I/O, if the file system of the temporary folder supports it.
struct DirectWriterTests {
    private static let page = DirectBufferPool.pageSize

    @Test(
        "parts of any size and position are stored unchanged, whatever the size of the chunks",
        arguments: [
            (1 << 20, 65536), ((1 << 20) + 1, 65536), ((2 << 20) - 1, 9973), ((3 << 20) + 4095, (1 << 20) + 17),
            (5 << 20, 5 << 20),
        ]
    )
    func parts(partSize: Int, chunkSize: Int) async throws {
        try await withDiskStore { store, _ in
            let count = 4
            let size = Int64(partSize * count - 100)
            let upload = Upload.test(size: size, partSize: Int64(partSize))
            try await store.prepare(upload.key, size: size)
            let content = Self.content(Int(size))
            // The parts are written concurrently, because neighbors share the pages at their borders.
            let parts = try await withThrowingTaskGroup { group in
                for index in 0..<count {
                    let bytes = content[(index * partSize)..<min((index + 1) * partSize, Int(size))]
                    group.addTask { try await store.put(bytes, as: index + 1, of: upload, chunkSize: chunkSize) }
                }
                return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.number < $1.number }
            }
            #expect(parts.allSatisfy { $0.location == .inPlace })
            try await store.finish(upload, parts: parts)
            #expect(try await Self.read(upload.key, store) == content)
        }
    }

    @Test("parts are written through the cache when all buffers are in use")
    func noBuffer() async throws {
        try await withDiskStore { store, _ in
            var taken: [DirectBufferPool.Buffer] = []
            while let buffer = store.directBuffers.take() { taken.append(buffer) }
            #expect(taken.count == 4)
            let upload = Upload.test(size: 2 << 20, partSize: 2 << 20)
            try await store.prepare(upload.key, size: upload.size)
            let content = Self.content(2 << 20)
            let part = try await store.put(content[...], as: 1, of: upload, chunkSize: 100_000)
            for buffer in taken { store.directBuffers.put(buffer) }
            try await store.finish(upload, parts: [part])
            #expect(try await Self.read(upload.key, store) == content)
        }
    }

    @Test("a writer that is aborted returns its buffer to the pool")
    func buffers() async throws {
        try await withDiskStore { store, _ in
            let upload = Upload.test(size: 2 << 20, partSize: 2 << 20)
            try await store.prepare(upload.key, size: upload.size)
            for _ in 0..<10 {
                let writer = try await store.openPart(
                    try PartNumber(1),
                    of: upload,
                    length: 2 << 20,
                    expecting: ExpectedChecksums()
                )
                try await writer.write(ByteBuffer(repeating: 1, count: (1 << 20) + 5))
                await writer.abort()
            }
            let content = Self.content(2 << 20)
            let part = try await store.put(content[...], as: 1, of: upload, chunkSize: 1 << 19)
            try await store.finish(upload, parts: [part])
            #expect(try await Self.read(upload.key, store) == content)
            var free = 0
            while store.directBuffers.take() != nil { free += 1 }
            #expect(free == 4)
        }
    }

    @Test("if the last bytes cannot be written, the error is thrown, and the buffer is free again")
    func failingEnd() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("file")
            try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
            let pool = DirectBufferPool(capacity: 1)
            // The writer is `nil` if the file system does not support direct I/O.
            guard var writer = try DirectWriter(path, from: 0, pool) else { return }
            #expect(pool.take() == nil)
            let cached = try DiskFile.open(path, .readOnly)
            try cached.closeAfter {
                try Self.content(Self.page + 1).withUnsafeBytes { try writer.write($0, cached: cached) }
                #expect(throws: Errno.badFileDescriptor) { try writer.finish(cached: cached) }
            }
            #expect(pool.take() != nil)
        }
    }

    @Test("whole pages do not enter the page cache", arguments: [DiskSettings.DirectIO.auto, .off])
    func cache(directIO: DiskSettings.DirectIO) async throws {
        try await withDiskStore(directIO: directIO) { store, folder in
            let upload = Upload.test(size: 4 << 20, partSize: 4 << 20)
            try await store.prepare(upload.key, size: upload.size)
            let path = folder.appending("uploads/\(upload.key.rawValue)")
            let direct = path.withPlatformString { cfilecalls_open_direct($0, UInt32(Self.page)) }
            if direct >= 0 { try FileDescriptor(rawValue: direct).close() }
            _ = try await store.put(Self.content(4 << 20)[...], as: 1, of: upload, chunkSize: 1 << 18)
            let file = try FileDescriptor.open(path, .readOnly)
            let cached = file.bytesInMemory(at: 0, count: 4 << 20)
            try file.close()
            // The system may evict pages from the cache, but adds none on its own.
            #expect(directIO == .auto && direct >= 0 ? cached == 0 : cached > 0)
        }
    }

    private static func content(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(seed: 7)
        var bytes = [UInt8](repeating: 0, count: count)
        for index in stride(from: 0, to: count, by: 61) { bytes[index] = UInt8.random(in: 0...255, using: &random) }
        return bytes
    }

    private static func read(_ key: ObjectKey, _ store: DiskObjectStore) async throws -> [UInt8] {
        let reader = try await store.openObject(key)
        var bytes: [UInt8] = []
        try await reader.forEachChunk(of: 1 << 20) { bytes += $0.readableBytesView }
        await reader.close()
        return bytes
    }
}
