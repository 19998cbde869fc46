import NIOCore
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

/// Limits of archives, reduced to values that a test can reach.
@Suite(.timeLimit(.minutes(10)))
struct ArchiveLimitTests {
    @Test(
        "the number of folders that an archive creates, including those named only in paths, depends on the bytes received"
    )
    func folders() async throws {
        try await withUseCases { harness in
            let received = Atomic(0)
            let limits = ArchiveLimits(folders: 4) { received.load(ordering: .relaxed) }
            var tar = TarBuilder()
            tar.add("a/b/", type: "5")
            tar.add("file", [1])
            tar.add("a/c/d/file", [1])
            tar.add("a/e/file", [1])
            tar.add("a/f/", type: "5")
            tar.add("a/c/", type: "5")
            let first = try await harness.putArchive([tar.finished()], limits)
            #expect(
                first.results == [
                    "a/b created", "file created", "a/c/d/file created", "a/e/file limitReached", "a/f limitReached",
                    "a/c created",
                ]
            )
            #expect(first.error == nil)
            // Existing folders do not count towards the limit.
            received.store(1 << 10, ordering: .relaxed)
            let second = try await harness.putArchive([tar.finished()], limits)
            #expect(
                second.results == [
                    "a/b existing", "file existing", "a/c/d/file existing", "a/e/file created", "a/f created",
                    "a/c existing",
                ]
            )
        }
    }

    @Test("a folder that was refused is created once enough of the archive has arrived")
    func later() async throws {
        try await withUseCases { harness in
            let received = Atomic(0)
            let limits = ArchiveLimits(folders: 1) { received.load(ordering: .relaxed) }
            var (start, end) = (TarBuilder(), TarBuilder())
            for path in ["a/", "b/"] { start.add(path, type: "5") }
            for path in ["b/c/", "d/"] { end.add(path, type: "5") }
            let response = try await harness.putArchive([ByteBuffer(bytes: start.bytes), end.finished()], limits) {
                received.store(2 << 10, ordering: .relaxed)
            }
            #expect(response.results == ["a created", "b limitReached", "b/c created", "d limitReached"])
        }
    }

    @Test("the total length of headers, padding and ignored entries is limited depending on the bytes received")
    func overhead() async throws {
        try await withUseCases { harness in
            let received = Atomic(0)
            let limits = ArchiveLimits(overhead: 8 << 10) { received.load(ordering: .relaxed) }
            var tar = TarBuilder()
            tar.add("content", [UInt8](repeating: 0, count: 100_000))
            // This archive has less than 2 KiB of overhead.
            let small = try await harness.putArchive([tar.finished()], limits)
            #expect(small.results == ["content created"] && small.error == nil)
            for _ in 0..<20 { tar.add("link", type: "2") }
            let large = try await harness.putArchive([tar.finished()], limits)
            #expect(large.results.first == "content existing")
            #expect((large.error as? PontoonError)?.code == .badRequest)
            received.store(100, ordering: .relaxed)
            let allowed = try await harness.putArchive([tar.finished()], limits)
            #expect(allowed.results.count == 21 && allowed.error == nil)
        }
    }
}

extension UseCaseHarness {
    /// Stores an archive in the project, with the rule `skip`.
    ///
    /// - Parameters:
    ///   - chunks: The bytes of the archive.
    ///   - limits: The limits of the archive.
    ///   - action: Called once, when at least two entries have a result, before the second chunk is sent.
    /// - Returns: The path and the result or error code of each entry, and the error that ended the archive.
    /// - Throws: An error if the destination is refused or a store fails.
    fileprivate func putArchive(
        _ chunks: [ByteBuffer],
        _ limits: ArchiveLimits,
        afterFirst action: () -> Void = {}
    ) async throws -> (results: [String], error: (any Error)?) {
        let archives = Archives(uploads: uploads)
        let put = ArchivePut(folder: .project(project), rule: .skip)
        let reception = archives.reception(
            into: try await archives.check(put, caller: user),
            limit: 1 << 20,
            limits: limits,
            labels: { _ in FileLabels() },
            reserving: { NoMemory() }
        )
        let (body, continuation) = AsyncStream<ByteBuffer>.makeStream()
        var rest = chunks[...]
        if let first = rest.popFirst() { continuation.yield(first) }
        var isFirst = true
        if rest.isEmpty { continuation.finish() }
        async let end = reception.receive(body)
        var results: [String] = []
        while let batch = await reception.next() {
            results += try batch.get().map(Self.text)
            guard isFirst, results.count >= 2 else { continue }
            isFirst = false
            action()
            for chunk in rest { continuation.yield(chunk) }
            continuation.finish()
        }
        return (results, await end)
    }

    private static func text(_ result: ArchiveResult) -> String {
        switch result {
        case .file(_, let path, let isNew), .folder(_, let path, let isNew):
            "\(path) \(isNew ? "created" : "existing")"
        case .refused(let error, let path): "\(path) \(error.code)"
        }
    }
}

/// Memory of which nothing is available.
///
/// The disk store does not need any.
private struct NoMemory: ArchiveMemory {
    func grow(by bytes: Int) throws { throw PontoonError(.unavailable, "there is no memory") }
    func end() {}
}
