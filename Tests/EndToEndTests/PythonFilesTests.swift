import Testing

/// The platform's own Python client, on all it can do with files.
struct PythonFilesTests {
    @Test("copy, move, bulk calls, folders, metadata and tags", arguments: ["files.py"])
    func files(script: String) async throws {
        try await withServer { server in try await runPython(script, server: server) }
    }

    @Test("paging over 250 files, by offset and by token")
    func paging() async throws {
        try await withServer(arguments: ["--durability", "os"]) { server in
            try await runPython("paging.py", server: server)
        }
    }

    @Test("errors are the client's own exceptions with the platform's codes")
    func errors() async throws {
        try await withServer { server in try await runPython("file_errors.py", server: server) }
    }
}
