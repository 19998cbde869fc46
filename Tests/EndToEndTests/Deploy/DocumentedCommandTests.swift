import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The commands in pages of `docs/` that other suites do not cover.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot, .needsPostgreSQL))
struct DocumentedCommandTests {
    @Test("the commands of docs/tls.md create certificates, start servers and call them")
    func tls() async throws {
        try await withTemporaryFolder { folder in
            var script = try Self.commands(in: "tls.md")
            for port in ["8443", "8444"] { script = script.replacing(":\(port)", with: ":\(try FreePort.reserve())") }
            // The test must not change the groups of this machine.
            script = script.replacing("groupadd --system pontoon-tls\n", with: "")
                .replacing("-g pontoon-tls", with: "-g root")
                .replacing("/etc/pontoon", with: folder.appending("etc").string)
            let output = try await Self.runScript(script, in: folder)
            #expect(output.split(separator: "{\"status\":\"ok\"}").count > 1, "\(output)")
            #expect(output.contains("<User: username=admin>"), "\(output)")
            #expect(output.contains("The configuration is valid."), "\(output)")
        }
    }

    @Test(
        "the commands of docs/install.md about Unix sockets, checks, reload and read-only mode work",
        arguments: [
            ("Unix socket", "{\"status\":\"ok\"}"), ("Checking the configuration", "The configuration is valid."),
            ("Reloading", "{\"status\":\"ok\"}"), ("Read-only mode", "{\"read_only\":true,\"status\":\"ready\"}"),
        ]
    )
    func operation(section: String, result: String) async throws {
        try await withTemporaryFolder { folder in
            let script = try Self.commands(in: "install.md", of: section)
                .replacing("/run/pontoon", with: folder.appending("run").string)
                .replacing(":8080", with: ":\(try FreePort.reserve())")
            let output = try await Self.runScript("mkdir run\n" + script, in: folder)
            #expect(output.contains(result), "\(output)")
        }
    }

    @Test("the commands of docs/backup.md back up, restore and check a running server")
    func backup() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                _ = try await server.api.upload("a.bin", ByteBuffer(repeating: 1, count: 1 << 20))
                let script = try Self.commands(in: "backup.md")
                    .replacing("/var/lib/pontoon-new", with: folder.appending("restored").string)
                    .replacing("/var/lib/pontoon", with: server.data.string)
                    .replacing("/backup/pontoon", with: folder.appending("backup").string)
                let output = try await Self.runScript(script, in: folder)
                #expect(output.contains("1 objects checked (1048576 bytes intact), 0 damaged"), "\(output)")
                #expect(FileManager.default.fileExists(atPath: folder.appending("restored/pontoon.sqlite").string))
            }
        }
    }

    @Test("the commands of docs/troubleshooting.md and those for unfinished uploads work while a server runs")
    func runningServer() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.appending("data").string,
                    withDestinationPath: server.data.string
                )
                let pages = [
                    try Self.commands(in: "troubleshooting.md", of: "First steps"),
                    try Self.commands(in: "install.md", of: "Unfinished uploads"),
                ]
                let script = pages.joined(separator: "\n").replacing("http://127.0.0.1:8080", with: server.origin)
                let output = try await Self.runScript(script, in: folder)
                #expect(output.contains("\"status\":\"ready\""), "\(output)")
                #expect(output.contains("0 of 0 uploads aborted."), "\(output)")
            }
        }
    }

    @Test("the commands of docs/quotas.md set quotas, and show them with the usage")
    func quotas() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                let ada = try await server.addUser("ada")
                _ = try await ada.createProject("Runs")
                let script = try Self.commands(in: "quotas.md").replacing("/var/lib/pontoon", with: server.data.string)
                    .replacing("http://127.0.0.1:8080", with: server.origin)
                let output = try await Self.runScript(script, in: folder)
                #expect(output.contains("Free space for uploads: "), "\(output)")
                #expect(output.contains("project ada/runs  0 B stored  0 B reserved  quota 500.0 GiB"), "\(output)")
                #expect(output.contains("\"quota\":{\"bytes\":2199023255552,"), "\(output)")
                #expect(output.contains("\"disk\":{\"bytes_per_second\":null,"), "\(output)")
            }
        }
    }

    @Test("the commands of docs/events.md read and stream events")
    func events() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.appending("data").string,
                    withDestinationPath: server.data.string
                )
                let file = try await server.api.uploadSmall("a.bin")
                let script = try Self.commands(in: "events.md").replacing("http://127.0.0.1:8080", with: server.origin)
                    .replacing("--max-time 5", with: "--max-time 20")
                let output = try await Self.runScript(script, in: folder)
                #expect(output.contains("\"subject\":\"files/\(file)\""), "\(output)")
                #expect(output.contains("event: org.pontoon.file.created\ndata: {"), "\(output)")
            }
        }
    }

    @Test("the commands of docs/api.md store a file in one call")
    func filePut() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.appending("data").string,
                    withDestinationPath: server.data.string
                )
                let script = try Self.commands(in: "api.md", of: "A file in one call")
                    .replacing("http://127.0.0.1:8080", with: server.origin)
                let output = try await Self.runScript(script, in: folder)
                for text in ["\"name\":\"counts.csv\"", "\"sample_id\":\"S1\"", "\"tags\":[\"run 7\"]"] {
                    #expect(output.contains(text), "\(output)")
                }
            }
        }
    }

    @Test("the commands of docs/api.md store a folder in one call")
    func archivePut() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.appending("data").string,
                    withDestinationPath: server.data.string
                )
                let script = try Self.commands(in: "api.md", of: "A folder in one call")
                    .replacing("http://127.0.0.1:8080", with: server.origin)
                let output = try await Self.runScript(script, in: folder)
                for text in [#""path":"run/lane1/counts.csv""#, #""summary":{"bytes":6,"failed":0,"files":1,"#] {
                    #expect(output.contains(text), "\(output)")
                }
            }
        }
    }

    @Test("the commands of docs/api.md download a folder, and those of docs/drs.md find and download a file")
    func folderDownloadsAndDRS() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                _ = try await server.api.upload("a.bin", ByteBuffer(repeating: 1, count: 1000))
                let data = folder.appending("data").string
                try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: server.data.string)
                let pages = [
                    try Self.commands(in: "api.md", of: "Folder downloads"), try Self.commands(in: "drs.md"),
                    "cmp uploads/a.bin file.bin",
                ]
                let script = pages.joined(separator: "\n").replacing("http://127.0.0.1:8080", with: server.origin)
                let output = try await Self.runScript(script, in: folder)
                for text in ["\"artifact\":\"drs\"", "\"name\":\"uploads\"", "\"name\":\"a.bin\""] {
                    #expect(output.contains(text), "\(output)")
                }
            }
        }
    }

    @Test("the commands of docs/install.md create users and tokens, and migrate to PostgreSQL and S3")
    func migration() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let (file, token) = try await withServer(ServerOptions(data: data)) { server in
                (try await server.api.upload("a.bin", ByteBuffer(repeating: 1, count: 1 << 20)), server.token)
            }.value
            let stores = try await TestStores(.postgreSQLAndS3)
            let users = [
                try Self.commands(in: "install.md", of: "First user"),
                try Self.commands(in: "install.md", of: "Users and tokens").replacing(" NAME", with: " ada"),
            ]
            let output = try await Self.runScript(
                "export PONTOON_DATA=data\n" + users.joined(separator: "\n"),
                in: folder
            )
            #expect(output.contains("https://uploads.example.org/#token="), "\(output)")
            // Flags override environment variables, so the page's URLs are replaced. The test machine has no systemd
            // units.
            let migrate = try Self.commands(in: "install.md", of: "Migrating to PostgreSQL and S3")
                .replacing("/var/lib/pontoon", with: data.string)
                .replacing("postgres://…", with: "'\(stores.metadata ?? "")'")
                .replacing("s3://…", with: "'\(stores.objects ?? "")'")
                .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("systemctl ") }
            let keys = stores.environment.filter { $0.key.hasPrefix("AWS_") }.map { "export \($0.key)='\($0.value)'" }
            try #require(migrate.count == 1 && keys.count == 2)
            _ = try await Self.runScript((keys + migrate).joined(separator: "\n"), in: folder)
            try await withServer(ServerOptions(data: folder.appending("none"), stores: stores)) { server in
                let api = APIClient(origin: server.origin, token: token)
                let bytes = try await api.download(file)
                #expect(bytes == ByteBuffer(repeating: 1, count: 1 << 20))
            }
        }
    }

    @Test("the commands of docs/client-commands.md list files, and manage folders, projects and members")
    func clientCommands() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                try await server.administer("user", "add", "ada")
                let prepare = """
                    export SB_API_ENDPOINT=\(server.endpoint) SB_AUTH_TOKEN=\(server.token) XDG_STATE_HOME=$PWD/state
                    pontoon mkdir admin/uploads/run1/sub admin/uploads/run2
                    head -c 2000000 /dev/zero > a.bam
                    pontoon upload a.bam admin/uploads/run1/sub --tag raw --meta sample_id=S1

                    """
                let script = try Self.commands(in: "client-commands.md")
                    .replacing("rfranklin/my-project", with: "admin/uploads")
                let output = try await Self.runScript(prepare + script, in: folder)
                for text in [
                    "  admin/uploads/run1/", "admin/uploads/run1/sub/a.bam\n", "Path:        admin/uploads/run1/sub",
                    "1 file  admin/uploads\n", "changed admin/run-42  Run 42, repeated", "added ada  read, copy, write",
                    "\npontoon \(Build.version) (commit ",
                ] { #expect(output.contains(text), "\(text): \(output)") }
            }
        }
    }

    @Test("the commands of docs/client.md upload and download files")
    func clientTransfers() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                let prepare = """
                    export SB_API_ENDPOINT=\(server.endpoint) SB_AUTH_TOKEN=\(server.token) XDG_STATE_HOME=$PWD/state
                    mkdir reads data
                    for name in a b; do head -c 100000 /dev/urandom > reads/$name.bam; done
                    printf 'File name,sample_id\\na.bam,S1\\n' > reads/manifest.csv

                    """
                let sections = try ["Uploading", "Downloading"].map { try Self.commands(in: "client.md", of: $0) }
                let script = sections.joined(separator: "\n").replacing("rfranklin/my-project", with: "admin/uploads")
                let output = try await Self.runScript(
                    prepare + script + "\ncmp reads/a.bam data/reads/a.bam",
                    in: folder
                )
                #expect(output.contains("3 of 3 files uploaded"), "\(output)")
                let file = try await server.api.call(.GET, "/files/\(try await server.api.fileID("a.bam"))")
                guard case .object(let metadata) = file["metadata"] else {
                    Issue.record("no metadata: \(String(buffer: file.body))")
                    return
                }
                #expect(metadata["sample_id"] == "S1" && metadata["pontoon_mtime"] != nil, "\(metadata)")
            }
        }
    }

    /// Returns the commands in the code blocks of a page of `docs/`, or of the section with the heading `section`.
    static func commands(in page: String, of section: String? = nil) throws -> String {
        let text = try String(contentsOfFile: Places.root.appending("docs/\(page)").string, encoding: .utf8)
        let parts = text.split(separator: "\n## ").filter { part in section.map { part.hasPrefix("\($0)\n") } ?? true }
        try #require(section == nil || parts.count == 1, "\(page) has no single section '\(section ?? "")'")
        return parts.map { part in
            part.split(separator: "```", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) && $0.element.hasPrefix("\n") }
                .map { String($0.element) }.joined()
        }.joined()
    }

    /// Runs commands in a directory, then stops the background processes that they started.
    ///
    /// Records an issue if a command fails.
    ///
    /// - Returns: Standard output and standard error, combined.
    static func runScript(_ script: String, in folder: FilePath) async throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let programs = [Places.pontoond, Places.pontoon, Places.python].map { "\($0.removingLastComponent())" }
        let result = try await run(
            .name("bash"),
            // The processes in the background must not keep the output open.
            arguments: ["-c", "exec 2>&1; trap 'kill $(jobs -p) || true; wait' EXIT; set -e\n" + script],
            environment: .inherit.updating([
                "HOME": folder.string, "PATH": "\(programs.joined(separator: ":")):\(path)", "http_proxy": nil,
                "https_proxy": nil, "HTTP_PROXY": nil, "HTTPS_PROXY": nil, "ALL_PROXY": nil, "all_proxy": nil,
            ]),
            workingDirectory: folder,
            output: .string(limit: 1 << 20),
            error: .discarded
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardOutput)")
        return result.standardOutput
    }
}
