import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

/// Validation of files by `--validate-command`, for each way to upload a file.
@Suite(.timeLimit(.minutes(10)))
struct ValidateCommandTests {
    /// Runs `body` with a server whose validate command decides by the file's name and adds a line to the file `runs`.
    private func withValidator(
        _ arguments: [String] = [],
        _ body: @Sendable (TestServer, FilePath) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let script = """
                cat > \(folder)/input.$$ && mv \(folder)/input.$$ "\(folder)/input"
                echo "$PONTOON_NAME" >> \(folder)/runs
                case "$PONTOON_NAME" in
                accepted*) cp "$PONTOON_PATH" \(folder)/bytes ;;
                refused*) [ -e \(folder)/repaired ] || { printf ' bad \\n\\033 bytes'; exit 1; } ;;
                silent*) echo Traceback >&2; exit 1 ;;
                failed*) [ -e \(folder)/repaired ] || { echo no verdict; exit 2; } ;;
                slow*) sleep 1000 ;;
                held*) while [ ! -e \(folder)/released ]; do sleep 0.05; done ;;
                esac
                """
            let program = try writeProgram(script, in: folder)
            let flags = ["--validate-command", program.string] + smallParts + arguments
            try await withTestServer(on: folder.appending("data"), .live, arguments: flags) { server in
                try await body(server, folder)
            }
        }
    }

    private static func runs(_ folder: FilePath) -> [String] {
        let text = (try? String(contentsOfFile: folder.appending("runs").string, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private static func touch(_ path: FilePath) throws { try Data().write(to: URL(filePath: path.string)) }

    private static func begin(_ name: String, _ server: TestServer) async throws -> String {
        let upload = try await server.api.initialize(name, size: nil)
        try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
        return upload
    }

    private static let refusal = "The file was refused: bad <U+001B> bytes"

    @Test("an accepted file is stored, and the program has received its description and its bytes")
    func accepted() async throws {
        try await withValidator { server, folder in
            let labels: JSONValue = ["sample_id": "ü\n1"]
            let upload = try await server.api.initialize(
                "accepted ü",
                size: 3,
                extra: ["metadata": labels, "tags": ["b", "a"]]
            )
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
            let input = try Data(contentsOf: URL(filePath: folder.appending("input").string))
            let described = try JSONDecoder().decode([String: JSONValue].self, from: input)
            let path = try #require(described["path"]?.scalarText)
            #expect(path.hasPrefix("\(server.data)/objects/files/"))
            #expect(
                described == [
                    "crc64nvme": completed["checksums"]?["crc64nvme"] ?? .null, "from_upload_link": false,
                    "metadata": labels, "name": "accepted ü", "parent": completed["parent"] ?? .null,
                    "path": .string(path), "project": "admin/uploads", "size": 3, "tags": ["b", "a"],
                    "upload_id": .string(upload), "user": "admin",
                ]
            )
            #expect(try Data(contentsOf: URL(filePath: folder.appending("bytes").string)) == Data("abc".utf8))
            #expect(try server.metrics().contains(#"pontoon_validate_runs_total{result="success"} 1"#))
            // A repeated call returns the same file without validating it again.
            #expect(try await server.api.complete(upload)["id"] == completed["id"])
            #expect(Self.runs(folder).count == 1)
        }
    }

    @Test("after a refusal, a part can be sent again, and the upload can be completed again")
    func refused() async throws {
        try await withValidator { server, folder in
            let upload = try await Self.begin("refused", server)
            for _ in 0..<2 {
                let response = try await server.api.complete(upload)
                server.expectRefusal(response, 409, 8007)
                #expect(try response.text("message") == Self.refusal)
            }
            let list = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(try list.entries.isEmpty)
            let details = try await server.api.call(.GET, "/upload/multipart/\(upload)")
            #expect(details["uploaded_parts_count"] == 1, "\(details.bodyText)")
            try await server.api.store(upload, 1, ByteBuffer(string: "abcd"))
            try await server.api.store(upload, 2, ByteBuffer(string: "e"))
            try Self.touch(folder.appending("repaired"))
            let file = try await server.api.complete(upload).text("id")
            #expect(try await server.api.download(file) == ByteBuffer(string: "abcde"))
            #expect(Self.runs(folder) == ["refused", "refused", "refused"])
            #expect(server.log.contains("notice file refused by validate command"))
            #expect(try server.metrics().contains(#"pontoon_validate_runs_total{result="refused"} 2"#))
        }
    }

    @Test("a refused upload can be aborted, which removes all its data")
    func aborted() async throws {
        try await withValidator { server, _ in
            let upload = try await Self.begin("refused", server)
            server.expectRefusal(try await server.api.complete(upload), 409, 8007)
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try server.finishedObjects() == 0)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test(
        "without a verdict, the complete call fails with 503, and the upload is kept",
        arguments: ["failed", "silent", "slow", "missing"]
    )
    func failed(name: String) async throws {
        try await withValidator(name == "slow" ? ["--validate-timeout", "1s"] : []) { server, folder in
            let upload = try await Self.begin(name, server)
            let program = folder.appending("program").string
            if name == "missing" { try FileManager.default.moveItem(atPath: program, toPath: program + ".away") }
            let response = try await server.api.complete(upload)
            server.expectRefusal(response, 503, 0)
            #expect(response.headers.first(name: "Retry-After") != nil)
            #expect(server.log.contains("error validate command failed"))
            if name == "failed" { #expect(server.log.contains("no verdict")) }
            #expect(try server.metrics().contains(#"pontoon_validate_runs_total{result="failed"} 1"#))
            #expect(try await server.api.call(.GET, "/upload/multipart/\(upload)").status == 200)
            guard name == "failed" || name == "missing" else { return }
            if name == "missing" { try FileManager.default.moveItem(atPath: program + ".away", toPath: program) }
            try Self.touch(folder.appending("repaired"))
            #expect(try await server.api.complete(upload).status == 201)
        }
    }

    @Test("concurrent complete calls wait for one run, and return the same file")
    func repeated() async throws {
        try await withValidator { server, folder in
            let upload = try await Self.begin("held", server)
            async let first = server.api.complete(upload)
            try await eventually("the program runs") { Self.runs(folder) == ["held"] }
            async let second = server.api.complete(upload)
            // While the program runs, the upload can be neither changed nor aborted.
            server.expectRefusal(try await server.api.call(.DELETE, "/upload/multipart/\(upload)"), 409, 8009)
            try Self.touch(folder.appending("released"))
            let responses = try await [first, second]
            #expect(responses.allSatisfy { $0.status == 201 } && responses[0]["id"] == responses[1]["id"])
            #expect(Self.runs(folder) == ["held"])
        }
    }

    @Test("a refused file put leaves no data")
    func oneCall() async throws {
        try await withValidator { server, folder in
            let bytes = ByteBuffer(string: "abc")
            let refused = try await server.api.putFile("refused", bytes)
            server.expectRefusal(refused, 409, 8007)
            #expect(try refused.text("message") == Self.refusal)
            server.expectRefusal(try await server.api.putFile("failed", bytes), 503, 0)
            #expect(try server.finishedObjects() == 0)
            #expect(try server.unfinishedObjects() == [])
            #expect(try await server.api.putFile("accepted", bytes).status == 201)
            let input = try Data(contentsOf: URL(filePath: folder.appending("input").string))
            let described = try JSONDecoder().decode([String: JSONValue].self, from: input)
            #expect(described["upload_id"] == nil && described["name"] == "accepted")
        }
    }

    @Test("entries of an archive are refused one by one, whether small or large")
    func archive() async throws {
        try await withValidator { server, folder in
            var tar = TarBuilder()
            let long = Array(repeating: UInt8(7), count: 2 << 20)
            tar.add("run/accepted", Array("a".utf8))
            tar.add("run/refused", Array("b".utf8))
            tar.add("run/failed", Array("c".utf8))
            tar.add("run/accepted long", long)
            tar.add("run/refused long", long)
            tar.add("run/accepted last", Array("d".utf8))
            let stored = try await server.api.putArchive(tar.finished())
            #expect(
                stored.results == [
                    "run/accepted created", "run/refused 8007", "run/failed 0", "run/accepted long created",
                    "run/refused long 8007", "run/accepted last created",
                ]
            )
            #expect(stored["run/refused"]?["error"]?["message"] == .string(Self.refusal))
            #expect(Self.runs(folder).count == 6)
            #expect(try server.finishedObjects() == 3)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("uploads of senders and of code packages are also refused")
    func otherUploads() async throws {
        try await withValidator { server, folder in
            let sender = try await server.api.sender(of: try await server.api.createLink())
            let upload = try await sender.initializeAsSender("refused", size: 3).text("upload_id")
            try await sender.store(upload, 1, ByteBuffer(string: "abc"))
            server.expectRefusal(try await sender.complete(upload), 409, 8007)
            let input = try Data(contentsOf: URL(filePath: folder.appending("input").string))
            let described = try JSONDecoder().decode([String: JSONValue].self, from: input)
            #expect(described["from_upload_link"] == true && described["user"] == "admin")

            let automation = try await server.api.automation()
            let body: JSONValue = ["name": "refused.zip", "size": 1, "automation_id": .string(automation)]
            let package = try await server.api.call(.POST, packageUploads, body).text("upload_id")
            _ = try await server.api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, package)
            let complete = "\(packageUploads)/\(package)/complete"
            server.expectRefusal(try await server.api.call(.POST, complete), 409, 8007)
            try Self.touch(folder.appending("repaired"))
            #expect(try await server.api.call(.POST, complete).status == 201)
        }
    }

    @Test("copies and moves are not validated again")
    func copies() async throws {
        try await withValidator { server, folder in
            let file = try await server.api.uploadSmall("accepted")
            let copy = try await server.api.copy(file, ["project": "admin/uploads", "name": "refused"])
            #expect(copy.status == 201 || copy.status == 200, "\(copy.bodyText)")
            #expect(Self.runs(folder) == ["accepted"])
        }
    }

    @Test(
        "a reason is one line of visible characters and has a maximum length",
        arguments: [
            ("", String?.none), (" \n\t", nil), (" a\r\n\n b ", "a b"), ("a\u{202E}b", "a<U+202E>b"),
            (String(repeating: "ü", count: 3000), String(repeating: "ü", count: 1000)),
        ]
    )
    func reasons(output: String, reason: String?) {
        #expect(ValidateCommand.reason(Array(output.utf8)) == reason)
    }

    @Test("programs must have absolute paths and be executable, and hooks need the event log")
    func settings() throws {
        func settings(_ flags: [GivenFlag]) throws -> HookSettings {
            try Settings(try GivenSettings(flags: flags, environment: [:])).hooks
        }
        #expect(throws: SettingError.self) { try settings([GivenFlag(Setting.hookCommand, "bin/true")]) }
        #expect(throws: SettingError.self) {
            try settings([GivenFlag(Setting.hookCommand, "/bin/true"), GivenFlag(Setting.eventRetention, "0s")])
        }
        try settings([GivenFlag(Setting.hookCommand, "/bin/true")]).requirePrograms()
        for path in ["/nonexistent", "/etc/passwd", "/etc"] {
            let hooks = try settings([GivenFlag(Setting.validateCommand, path)])
            #expect(throws: SettingError.self, "\(path)") { try hooks.requirePrograms() }
        }
    }
}
