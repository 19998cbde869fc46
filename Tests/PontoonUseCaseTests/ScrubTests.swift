import Foundation
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// Scrubs of objects on disk, and requested checks of single files.
@Suite(.timeLimit(.minutes(10)))
struct ScrubTests {
    @Test("each kind of damage is found and recorded, and intact objects are verified")
    func damage() async throws {
        try await withScrub { harness, scrub in
            let intact = try await harness.addFile("intact", bytes: 100_000)
            let flipped = try await harness.addFile("flipped", bytes: 9_000_000)
            let cut = try await harness.addFile("cut", bytes: 50_000)
            let longer = try await harness.addFile("longer", bytes: 50_000)
            let missing = try await harness.addFile("missing", bytes: 50_000)
            let empty = try await harness.addFile("empty", bytes: 0)
            try harness.flipByte(of: flipped, at: 8_500_000)
            try harness.resize(cut, to: 49_999)
            try harness.resize(longer, to: 50_001)
            try FileManager.default.removeItem(atPath: harness.path(of: missing))
            let totals = try await scrub.run(interval: .zero) { _ in }
            #expect(totals.objects == 6)
            #expect(totals.damaged == 4)
            #expect(totals.failed == 0)
            #expect(totals.bytes == 100_000)
            let expected: [(File, ContentDamage?)] = [
                (intact, nil), (flipped, .checksum), (cut, .length), (longer, .length), (missing, .missing),
                (empty, nil),
            ]
            for (file, damage) in expected {
                let verification = try await harness.verification(of: file)
                #expect(verification.damage == damage, "\(file.name)")
                #expect((verification.verifiedOn == nil) == (damage != nil), "\(file.name)")
            }
            // Restored bytes are intact again.
            try harness.flipByte(of: flipped, at: 8_500_000)
            _ = try await scrub.run(interval: .zero) { _ in }
            #expect(try await harness.verification(of: flipped).damage == nil)
        }
    }

    @Test("an object that cannot be opened does not stop the scrub, and is not recorded as damaged")
    func failure() async throws {
        try await withScrub { harness, scrub in
            let bad = try await harness.addFile("a", bytes: 1000)
            let good = try await harness.addFile("b", bytes: 1000)
            // Opening a symbolic link is refused, because the server creates none.
            let path = harness.path(of: bad)
            try FileManager.default.moveItem(atPath: path, toPath: path + ".real")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".real")
            let totals = try await scrub.run(interval: .zero) { _ in }
            #expect(totals.failed == 1)
            #expect(totals.objects == 2)
            #expect(try await harness.verification(of: bad) == ContentVerification())
            #expect(try await harness.verification(of: good).verifiedOn != nil)
        }
    }

    @Test("if the disk is not mounted, no object is recorded as missing")
    func unmounted() async throws {
        try await withScrub { harness, scrub in
            let file = try await harness.addFile("a", bytes: 1000)
            let objects = harness.folder.appending("objects").string
            try FileManager.default.moveItem(atPath: objects, toPath: objects + ".away")
            await #expect(throws: (any Error).self) { _ = try await scrub.run(interval: .zero) { _ in } }
            #expect(try await harness.verification(of: file) == ContentVerification())
            try FileManager.default.moveItem(atPath: objects + ".away", toPath: objects)
            #expect(try await scrub.run(interval: .zero) { _ in }.damaged == 0)
        }
    }

    @Test("only objects that are due are read, and a changed clock neither repeats nor ends a scrub")
    func interval() async throws {
        let clock = TestTime()
        try await withScrub(now: { clock.now }) { harness, scrub in
            var files: [File] = []
            for name in ["a", "b", "c"] { files.append(try await harness.addFile(name, bytes: 10)) }
            clock.advance(by: 3600)
            #expect(try await scrub.run(interval: .seconds(7200)) { _ in }.objects == 0)
            #expect(try await scrub.run(interval: .seconds(1800)) { _ in }.objects == 3)
            #expect(try await scrub.run(interval: .seconds(1800)) { _ in }.objects == 0)
            for jump in [-365.0, 365] {
                clock.advance(by: 7200)
                clock.jump(by: jump * 86400, afterReads: 1)
                #expect(try await scrub.run(interval: .seconds(1800)) { _ in }.objects == 3)
                clock.endJump()
            }
            let object = try #require(files[0].content)
            let future = ObjectCheck(object: object, outcome: .failed("no"), checkedOn: clock.now + 365 * 86400)
            try await harness.metadata.record([future])
            #expect(try await scrub.run(interval: .seconds(1_000_000)) { _ in }.objects == 1)
            #expect(try await scrub.run(interval: .seconds(1_000_000)) { _ in }.objects == 0)
        }
    }

    @Test("requested checks run once, and an object that is deleted in the meantime does not count as damaged")
    func requests() async throws {
        try await withScrub { harness, scrub in
            let file = try await harness.addFile("a", bytes: 10)
            let deleted = try await harness.addFile("b", bytes: 10)
            let requested = try await harness.files.requestVerification(file.id, caller: harness.user)
            #expect(requested.content?.verification.requestedOn != nil)
            try await scrub.runRequested { _ in }
            let verification = try await harness.verification(of: file)
            #expect(verification.verifiedOn != nil)
            #expect(verification.requestedOn == nil)
            let content = try #require(deleted.content)
            try await harness.files.delete(deleted.id, caller: harness.user)
            let totals = try await scrub.run([content]) { _ in }
            #expect(totals == Scrub.Totals())
        }
    }

    @Test("strangers cannot request the check of a file, and a folder cannot be checked")
    func permissions() async throws {
        try await withScrub { harness, _ in
            let file = try await harness.addFile("a", bytes: 10)
            let stranger = User(name: "eve", createdOn: MetadataFixture.time)
            try await harness.metadata.addUser(stranger)
            try await expectRefusal(.fileNotFound) {
                try await harness.files.requestVerification(file.id, caller: Caller(stranger))
            }
            let root = try await harness.metadata.file(try #require(file.parent))
            try await expectRefusal(.folderNotDownloadable) {
                try await harness.files.requestVerification(try #require(root).id, caller: harness.user)
            }
        }
    }
}

/// A clock that a test can advance, and that can jump while it is used.
private final class TestTime: Sendable {
    private let state = Mutex((offset: 0.0, jump: 0.0, reads: 0))

    var now: Date {
        state.withLock { state in
            state.reads -= 1
            return Date().addingTimeInterval(state.offset + (state.reads < 0 ? state.jump : 0))
        }
    }

    func advance(by seconds: Double) { state.withLock { $0.offset += seconds } }
    func jump(by seconds: Double, afterReads reads: Int) { state.withLock { ($0.jump, $0.reads) = (seconds, reads) } }
    func endJump() { state.withLock { $0.jump = 0 } }
}

/// Runs `body` with use cases and a scrub of their disk store.
private func withScrub(
    now: @escaping @Sendable () -> Date = { Date() },
    _ body: (UseCaseHarness, Scrub) async throws -> Void
) async throws {
    try await withUseCases { harness in
        let settings = DiskSettings(folder: harness.folder.appending("objects"))
        try await withClosing(DiskScrubSource(settings, threads: 2), close: { try await $0.shutDown() }) { source in
            try await body(harness, Scrub(store: harness.metadata, source: source, width: 2, now: now))
        }
    }
}

extension UseCaseHarness {
    /// Uploads a file of pseudo-random bytes.
    fileprivate func addFile(_ name: String, bytes count: Int) async throws -> File {
        let content = DeclaredContent(name: name, size: Int64(count))
        let id = try await uploads.initialize(content, in: .project(project), rule: .fail, caller: user).id
        var reports: [PartReport] = []
        if count > 0 {
            let upload = try #require(try await metadata.upload(id))
            let writer = try await disk.openPart(
                try PartNumber(1),
                of: upload,
                length: Int64(count),
                expecting: ExpectedChecksums()
            )
            let bytes = pseudoRandomBytes(seed: UInt64(count), count: count)
            let etag = try await writer.commit(last: bytes) { digest in
                let part = PartRecord(
                    number: try PartNumber(1),
                    size: digest.size,
                    etag: digest.crc64.hex,
                    crc64: digest.crc64,
                    location: writer.location,
                    storedOn: Date()
                )
                _ = try await metadata.recordPart(part, of: id)
                return part.etag
            }
            reports.append(PartReport(number: try PartNumber(1), etag: etag))
        }
        return try await uploads.complete(id, reports: reports, caller: user)
    }

    /// Returns the path of a file's object.
    fileprivate func path(of file: File) -> String {
        let key = file.content?.key.rawValue ?? ""
        return folder.appending("objects/files/\(key.suffix(2))/\(key)").string
    }

    fileprivate func flipByte(of file: File, at offset: UInt64) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: path(of: file)))
        try handle.seek(toOffset: offset)
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data([byte ^ 1]))
        try handle.close()
    }

    fileprivate func resize(_ file: File, to size: UInt64) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: path(of: file)))
        try handle.truncate(atOffset: size)
        try handle.close()
    }

    fileprivate func verification(of file: File) async throws -> ContentVerification {
        try #require(try await metadata.file(file.id)?.content).verification
    }
}
