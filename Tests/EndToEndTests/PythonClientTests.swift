import SystemPackage
import Testing

/// The official Python client, unchanged, drives the built server on every choice of stores; what is checked stands in the
/// scripts.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct PythonClientTests {
    private static let part = 5 << 20

    /// Around every border of the part size.
    private static let borders = [0, 1, part - 1, part, part + 1, 2 * part, 2 * part + 1, 5 * part + 3]

    /// Lowered where many parts matter more than long ones; S3 takes no part below 5 MiB.
    private static func smallPart(on stores: StoreChoice) -> Int { stores.usesS3 ? part : 64 << 10 }

    private static func smallParts(on stores: StoreChoice) -> [String] {
        ["--min-part-size", "\(smallPart(on: stores))"]
    }

    @Test("a file of any length comes back as it was sent", arguments: borders)
    func lengths(_ length: Int) async throws {
        try await withServer { try await runPython("sizes.py", ["\(Self.part)", "\(length)"], server: $0) }
    }

    @Test(
        "files of all lengths come back as they were sent",
        arguments: StoreChoice.allCases.filter { $0 != .sqliteAndDisk }
    )
    func allLengths(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { server in
            try await runPython("sizes.py", ["\(Self.part)"] + Self.borders.map { "\($0)" }, server: server)
        }
    }

    @Test("a file of 300 MiB goes up in parts of the default size", arguments: StoreChoice.allCases)
    func longFile(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("sizes.py", ["0", "\(300 << 20)"], server: $0) }
    }

    @Test("any name is kept byte for byte, found and served", arguments: StoreChoice.allCases)
    func names(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("names.py", server: $0) }
    }

    @Test("a name that is taken is refused, or replaced when the client says so", arguments: StoreChoice.allCases)
    func overwriting(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("overwriting.py", server: $0) }
    }

    @Test("stop() leaves nothing behind, pause() and resume() change nothing", arguments: StoreChoice.allCases)
    func interrupting(_ stores: StoreChoice) async throws {
        try await withServer(on: stores, arguments: Self.smallParts(on: stores)) {
            try await runPython("interrupting.py", ["\(Self.smallPart(on: stores))"], server: $0)
        }
    }

    @Test(
        "a part that failed never makes a file, also when the client completes all the same",
        arguments: StoreChoice.allCases
    )
    func failedPart(_ stores: StoreChoice) async throws {
        try await withServer(on: stores, arguments: Self.smallParts(on: stores)) {
            try await runPython("failed_part.py", ["\(Self.smallPart(on: stores))"], server: $0)
        }
    }

    @Test("metadata and tags that one client saved are read and found by another", arguments: StoreChoice.allCases)
    func details(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("details.py", server: $0) }
    }

    @Test("folders hold files, and lists come page by page", arguments: StoreChoice.allCases)
    func folders(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("folders.py", server: $0) }
    }

    @Test(
        "projects, the caller and the rate limit are there, and refusals become the client's exceptions",
        arguments: StoreChoice.allCases
    )
    func projects(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("projects.py", server: $0) }
    }

    @Test(
        "the client finds the server by its environment and by the credentials file that the server wrote",
        arguments: StoreChoice.allCases.filter(\.usesFolder)
    )
    func configuration(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { try await runPython("configuration.py", [$0.data.string], server: $0) }
    }
}
