import SystemPackage
import Testing

/// The official Python client, unchanged, drives the built server; what is checked stands in the scripts.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct PythonClientTests {
    private static let part = 5 << 20

    /// Lowered where many parts matter more than long ones.
    private static let smallParts = ["--min-part-size", "64KiB"]

    @Test(
        "a file of any length comes back as it was sent",
        arguments: [0, 1, part - 1, part, part + 1, 2 * part, 2 * part + 1, 5 * part + 3]
    )
    func lengths(_ length: Int) async throws {
        try await withServer { try await runPython("sizes.py", ["\(Self.part)", "\(length)"], server: $0) }
    }

    @Test("a file of 300 MiB goes up in parts of the default size")
    func longFile() async throws {
        try await withServer { try await runPython("sizes.py", ["0", "\(300 << 20)"], server: $0) }
    }

    @Test("any name is kept byte for byte, found and served")
    func names() async throws {
        try await withServer { try await runPython("names.py", server: $0) }
    }

    @Test("a name that is taken is refused, or replaced when the client says so")
    func overwriting() async throws {
        try await withServer { try await runPython("overwriting.py", [$0.data.string], server: $0) }
    }

    @Test("stop() leaves nothing behind, pause() and resume() change nothing")
    func interrupting() async throws {
        try await withServer(arguments: Self.smallParts) {
            try await runPython("interrupting.py", [$0.data.string, "\(64 << 10)"], server: $0)
        }
    }

    @Test("a part that failed never makes a file, also when the client completes all the same")
    func failedPart() async throws {
        try await withServer(arguments: Self.smallParts) {
            try await runPython("failed_part.py", ["\(64 << 10)"], server: $0)
        }
    }

    @Test("metadata and tags that one client saved are read and found by another")
    func details() async throws {
        try await withServer { try await runPython("details.py", server: $0) }
    }

    @Test("folders hold files, and lists come page by page")
    func folders() async throws {
        try await withServer { try await runPython("folders.py", server: $0) }
    }

    @Test("projects, the caller and the rate limit are there, and refusals become the client's exceptions")
    func projects() async throws {
        try await withServer { try await runPython("projects.py", server: $0) }
    }

    @Test("the client finds the server by its environment and by the credentials file that the server wrote")
    func configuration() async throws {
        try await withServer { try await runPython("configuration.py", [$0.data.string], server: $0) }
    }
}
