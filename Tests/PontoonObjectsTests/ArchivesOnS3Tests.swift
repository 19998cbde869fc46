import Foundation
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Archives in the S3 store", .timeLimit(.minutes(10)))
struct ArchivesOnS3Tests {
    /// An archive with many small files, a repeated name, and a file that is sent by itself.
    private static func archive() -> (ByteBuffer, names: [String]) {
        var tar = TarBuilder()
        var names: [String] = []
        for number in 0..<60 {
            names.append("f\(number)")
            tar.add("d/f\(number)", Array(String(number).utf8))
        }
        tar.add("d/f0", Array("again".utf8))
        tar.add("d/long", [UInt8](repeating: 1, count: 2_000_000))
        return (tar.finished(), names + ["long"])
    }

    @Test("become one object for each file, and later files replace earlier ones")
    func files() async throws {
        try await withS3Server { server in
            let (archive, names) = Self.archive()
            let (results, error) = try await server.putArchive(archive, .overwrite)
            #expect(error == nil && results.count == 62)
            let files = results.compactMap { result in
                if case .file(let file, _, true) = result { file } else { nil }
            }
            #expect(files.count == 62 && Set(files.map(\.name)) == Set(names))
            let last = try #require(files.last { $0.name == "f0" })
            #expect(try await server.content(last) == ByteBuffer(string: "again"))
            let long = try #require(files.last { $0.name == "long" })
            #expect(try await server.content(long).readableBytes == 2_000_000)
            try await server.collectGarbage()
            #expect(try await server.storedObjects() == 61)
            #expect(try await server.metadata.discardLeasedObjects(until: .distantFuture) == 0)
            let again = try await server.putArchive(archive, .skip)
            #expect(again.results.allSatisfy { if case .file(_, _, false) = $0 { true } else { false } })
            #expect(try await server.storedObjects() == 61)
        }
    }

    @Test("are refused file by file if there is no memory for a long one")
    func memory() async throws {
        try await withS3Server { server in
            let (results, error) = try await server.putArchive(Self.archive().0, .rename, memory: 1 << 20)
            #expect(error == nil && results.count == 62)
            guard case .refused(let refusal, "d/long") = results.last else {
                throw ContractViolation("the long file was stored")
            }
            #expect(refusal.code == .unavailable)
            #expect(try await server.storedObjects() == 61)
        }
    }
}

/// Memory of a fixed size.
private struct FixedMemory: ArchiveMemory {
    let size: Int

    func grow(by bytes: Int) throws {
        guard bytes <= size else { throw PontoonError(.unavailable, "no memory for \(bytes) bytes") }
    }
    func end() {}
}

extension S3Server {
    /// Stores an archive in the project.
    fileprivate func putArchive(
        _ archive: ByteBuffer,
        _ rule: NameConflictRule,
        memory: Int = .max
    ) async throws -> (results: [ArchiveResult], error: (any Error)?) {
        let archives = Archives(uploads: uploads)
        let put = ArchivePut(folder: .project(fixture.project.id), rule: rule)
        let reception = archives.reception(
            into: try await archives.check(put, caller: user),
            limit: 1 << 26,
            labels: { _ in FileLabels() },
            reserving: { FixedMemory(size: memory) }
        )
        let body = AsyncStream<ByteBuffer> { stream in
            stream.yield(archive)
            stream.finish()
        }
        async let end = reception.receive(body)
        var results: [ArchiveResult] = []
        while let batch = await reception.next() { results += try batch.get() }
        return (results, await end)
    }

    /// Returns the number of objects in the bucket.
    fileprivate func storedObjects() async throws -> Int {
        var count = 0
        try await store.forEachEntry { count += $0.count }
        return count
    }
}
