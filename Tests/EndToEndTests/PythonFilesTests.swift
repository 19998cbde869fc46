import Testing

/// The platform's own Python client, on all it can do with files, on every choice of stores.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct PythonFilesTests {
    @Test("copy, move, bulk calls, folders, metadata and tags", arguments: StoreChoice.allCases)
    func files(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { server in try await runPython("files.py", server: server) }
    }

    @Test("paging over 250 files, by offset and by token", arguments: StoreChoice.allCases)
    func paging(_ stores: StoreChoice) async throws {
        try await withServer(on: stores, arguments: ["--durability", "os"]) { server in
            try await runPython("paging.py", server: server)
        }
    }

    @Test("errors are the client's own exceptions with the platform's codes", arguments: StoreChoice.allCases)
    func errors(_ stores: StoreChoice) async throws {
        try await withServer(on: stores) { server in try await runPython("file_errors.py", server: server) }
    }
}
