import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// `pontoond quota`, and the usage counters that `pontoond check` verifies.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct QuotaCommandTests {
    @Test("quotas apply immediately while a server runs, and are shown and listed", arguments: StoreChoice.allCases)
    func quotas(_ choice: StoreChoice) async throws {
        try await withServer(on: choice) { server in
            let set = try await server.administer("quota", "set", "project", "admin/uploads", "--bytes", "1KiB")
            #expect(
                set == """
                    Set the quota of project admin/uploads: at most 1024 bytes, any number of files, any number of \
                    unfinished uploads.
                    """
            )
            let body: JSONValue = ["project": "admin/uploads", "name": "a", "size": 1025]
            let refused = try await server.api.call(.POST, "/upload/multipart", body)
            server.expectRefusal(refused, 409, 90007)
            #expect(try refused.text("message").contains("a quota of 1024 bytes"))
            _ = try await server.administer(
                arguments: ["quota", "set", "user", "admin", "--files", "2", "--uploads", "1", "--bytes", "unlimited"]
            )
            _ = try await server.api.initialize("a", size: 1000)
            let second: JSONValue = ["project": "admin/uploads", "name": "b", "size": 1]
            let limited = try await server.api.call(.POST, "/upload/multipart", second)
            server.expectRefusal(limited, 409, 90007)
            #expect(try limited.text("message").contains("a quota of 1 unfinished upload and already has 1"))

            let shown = try await server.administer("quota", "show", "user", "admin")
            #expect(
                shown.split(separator: "\n").map(\.columns) == [
                    ["USED", "RESERVED", "LIMIT"], ["bytes", "0", "1000", "-"], ["files", "0", "1", "2"],
                    ["uploads", "1", "1"],
                ]
            )
            let json = try await server.administer("quota", "show", "project", "admin/uploads", "--json")
            let fields = try JSONDecoder().decode([String: JSONValue].self, from: Data(json.utf8))
            #expect(fields["kind"] == "project" && fields["name"] == "admin/uploads")
            #expect(fields["bytes"] == ["used": 0, "reserved": 1000, "limit": 1024])
            let list = try await server.administer("quota", "list").split(separator: "\n").map(\.columns)
            #expect(
                list.dropFirst() == [
                    ["user", "admin", "1000", "-", "1", "2", "1", "1"],
                    ["project", "admin/uploads", "1000", "1024", "1", "-", "1", "-"],
                ]
            )
            _ = try await server.administer("quota", "set", "project", "admin/uploads", "--bytes", "default")
            #expect(try await server.administer("quota", "list").split(separator: "\n").count == 2)
        }
    }

    @Test(
        "an upload of unknown size that exceeds a quota is refused, and continues once the quota is raised",
        arguments: StoreChoice.allCases
    )
    func unknownSize(_ choice: StoreChoice) async throws {
        try await withServer(on: choice) { server in
            let quota = ["quota", "set", "project", "admin/uploads", "--bytes"]
            _ = try await server.administer(arguments: quota + ["999"])
            let upload = try await server.api.initialize("a", size: nil)
            let bytes = pseudoRandomBytes(seed: 1, count: 1000)
            if choice.usesS3 {
                // The bytes do not pass through the server, which learns their number only when the upload is
                // completed.
                try await server.api.store(upload, 1, bytes)
                server.expectRefusal(try await server.api.complete(upload), 409, 90007)
                _ = try await server.administer(arguments: quota + ["1000"])
            } else {
                server.expectRefusal(try await server.api.put(upload, 1, bytes), 409, 90007)
                _ = try await server.administer(arguments: quota + ["1000"])
                try await server.api.store(upload, 1, bytes)
            }
            let file = try await server.api.complete(upload).text("id")
            #expect(try await server.api.download(file) == bytes)
            let shown = try await server.administer("quota", "show", "project", "admin/uploads")
            #expect(shown.contains("1000"))
        }
    }

    @Test("a quota of an unknown user or project, or with a wrong value, is refused")
    func refusals() async throws {
        try await withServer { server in
            let wrong: [([String], String)] = [
                (["user", "nobody", "--bytes", "1"], "There is no user 'nobody'."),
                (["project", "admin/nothing", "--files", "1"], "There is no project 'admin/nothing'."),
                (["project", "uploads", "--files", "1"], "must have the form owner/project"),
                (["user", "admin"], "Pass at least one of --bytes, --files and --uploads."),
                (["user", "admin", "--bytes", "5XB"], "'5XB' is not allowed"),
                (["user", "admin", "--bytes", "2000000TiB"], "1048576TiB"),
                (["user", "admin", "--files", "-1"], ""),
                (["user", "admin", "--uploads", "1KiB"], "'1KiB' is not allowed"),
                (["group", "admin", "--files", "1"], "group"),
            ]
            for (arguments, text) in wrong {
                let errors = try await server.fail(arguments: ["quota", "set"] + arguments)
                #expect(text.isEmpty || errors.contains(text), "\(arguments): \(errors)")
            }
            #expect(try await server.fail("quota", "show", "user", "nobody").contains("There is no user"))
            #expect(try await server.administer("quota", "list").split(separator: "\n").count == 1)
        }
    }

    @Test("setting a quota is recorded in the audit log, even if it is refused")
    func audit() async throws {
        try await withServer { server in
            let log = server.data.appending("audit.log")
            let options = ["--bytes", "1KiB", "--audit-log", log.string]
            _ = try await server.administer(arguments: ["quota", "set", "user", "admin"] + options)
            _ = try await server.administer(arguments: ["quota", "set", "project", "admin/uploads"] + options)
            _ = try await server.fail(arguments: ["quota", "set", "user", "nobody"] + options)
            let lines = try String(contentsOfFile: log.string, encoding: .utf8).split(separator: "\n").map { line in
                try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
            }
            #expect(lines.map { $0["action"] } == ["quota.set", "quota.set", "quota.set"])
            #expect(lines.map { $0["result"] } == ["success", "success", "refused"])
            #expect(lines.map { $0["object"] } == ["admin", nil, "nobody"])
            #expect(lines.map { $0["project"] } == [nil, "admin/uploads", nil])
        }
    }

    @Test("check finds wrong counters, and --repair corrects them")
    func check() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            try await withServer(ServerOptions(data: data)) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                #expect(try await server.administer("check").contains("0 with wrong counters"))
                try await setUsage(in: data)
                let (status, output) = try await check(data)
                #expect(status == .exited(1))
                #expect(
                    output.contains(
                        """
                        usage: project admin/uploads is recorded with 7 bytes in 2 files and 0 reserved bytes in 0 \
                        uploads instead of 3 bytes in 1 files and 0 reserved bytes in 0 uploads
                        """
                    ),
                    "\(output)"
                )
            }
            let repaired = try await check(data, "--repair")
            #expect(repaired.status == .exited(0) && repaired.output.contains("; repaired"), "\(repaired)")
            let clean = try await check(data)
            #expect(clean.status == .exited(0) && clean.output.contains("0 with wrong counters"), "\(clean)")
        }
    }

    /// Sets wrong usage counters for all projects in the database.
    private func setUsage(in data: FilePath) async throws {
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1], timeout=120)
            database.execute("UPDATE project_usage SET stored_bytes = 7, files = 2")
            database.commit()
            """
        let result = try await run(
            .path(Places.python),
            arguments: Arguments(["-c", script, data.appending("pontoon.sqlite").string]),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    private func check(_ data: FilePath, _ options: String...) async throws -> (
        status: TerminationStatus, output: String
    ) {
        let result = try await run(
            .path(Places.pontoond),
            arguments: Arguments(["check", "--data", data.string] + options),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return (result.terminationStatus, result.standardOutput)
    }
}

extension Substring {
    /// The columns of a table row.
    fileprivate var columns: [String] { split(separator: " ").map(String.init) }
}
