import Foundation
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Archives in the S3 store", .timeLimit(.minutes(10)))
struct ArchivesOnS3Tests {
    /// An archive with 60 small files, another file with the name of the first, and a large file.
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

    @Test("leave nothing in the bucket for files that are refused or replaced", arguments: NameConflictRule.allCases)
    func refusals(rule: NameConflictRule) async throws {
        try await withS3Server { server in
            var tar = TarBuilder()
            for name in ["a", "wrong", "a", "b"] {
                if name == "wrong" { tar.addRecords(["PONTOON.checksum": "AAAAAAAAAAA="]) }
                tar.add(name, Array(name.utf8))
            }
            let (results, error) = try await server.putArchive(tar.finished(), rule)
            let refusals = results.map { result -> PontoonError.Code? in
                if case .refused(let error, _) = result { error.code } else { nil }
            }
            let taken: PontoonError.Code? = rule == .fail ? .nameTaken : nil
            #expect(error == nil && refusals == [nil, .checksumMismatch, taken, nil], "\(refusals)")
            try await server.collectGarbage()
            try await server.expectObjectsOfFiles()
            // If the second 'a' was not stored, the lease of its object remains until it is discarded here.
            let void = [.fail, .skip].contains(rule) ? 1 : 0
            #expect(try await server.metadata.discardLeasedObjects(until: .distantFuture) == void)
        }
    }

    @Test("are stopped, and the objects are removed, if the lease is lost before the commit")
    func lostLease() async throws {
        try await withS3Server { server in
            let store = StolenLeaseStore(store: server.store, metadata: server.metadata)
            let uploads = Uploads(metadata: server.metadata, storage: .presigned(store), sizing: PartSizing())
            try await expectRefusal(.unavailable) { _ = try await server.putArchive(Self.archive().0, .fail, uploads) }
            try await server.collectGarbage()
            #expect(try await server.storedObjects() == 0)
            let files = try await server.metadata.usage(of: .project(server.fixture.project.id))?.usage.files
            #expect(files == 0)
        }
    }

    @Test("are stored except for a large file for which there is no memory")
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

/// Memory that refuses each request for more than `size` bytes.
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
        _ uploads: Uploads? = nil,
        memory: Int = .max
    ) async throws -> (results: [ArchiveResult], error: (any Error)?) {
        let archives = Archives(uploads: uploads ?? self.uploads)
        let put = ArchivePut(folder: .project(fixture.project.id), rule: rule)
        let reception = archives.reception(
            into: try await archives.check(put, caller: user),
            limit: 1 << 26,
            limits: ArchiveLimits { .max },
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
