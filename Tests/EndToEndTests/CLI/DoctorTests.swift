import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon doctor` with and without problems.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DoctorTests {
    private func verdicts(_ run: PontoonRun) -> [String: String] {
        Dictionary(run.all("check").map { ($0.text("check") ?? "", $0.text("verdict") ?? "") }) { $1 }
    }

    private func finding(_ check: String, _ run: PontoonRun) throws -> PontoonEvent {
        try #require(run.all("check").last { $0.text("check") == check }, "\(run)")
    }

    @Test("every check passes on a healthy server, and the test file is deleted")
    func healthy() async throws {
        try await withPontoon { server, user in
            let run = try await user.run(["doctor", "--json"])
            #expect(run.code == 0, "\(run)")
            let checks = [
                "proxy", "name", "connection", "api", "clock", "token", "calls", "projects", "permissions", "upload",
                "download", "removal",
            ]
            #expect(run.all("check").map { $0.text("check") } == checks, "\(run)")
            #expect(run.all("check").allSatisfy { $0.text("verdict") == "good" }, "\(run)")
            #expect(try finding("api", run).text("message")?.contains("part_infos") == true)
            #expect(try finding("token", run).text("message")?.contains("admin") == true)
            #expect(try finding("download", run).text("message")?.contains("verified") == true)
            #expect(try await server.api.listed("/files?project=admin/uploads") == [])
            #expect(try await server.api.listed("/upload/multipart", "upload_id") == [])
            #expect(!run.output.contains(user.token) && !run.errors.contains(user.token))
            let words = try await user.run(["doctor", "--size", "0"])
            #expect(words.code == 0 && words.output.hasSuffix("All checks passed."), "\(words)")
            #expect(!words.output.contains("\u{FFFD}"))
        }
    }

    @Test("a failed check prints advice, and dependent checks are skipped")
    func unreachable() async throws {
        try await withPontoon { _, user in
            let rows: [(endpoint: String, token: String, code: Int, check: String, word: String)] = [
                ("http://no-such-host.invalid/v2", user.token, 6, "name", "HTTPS_PROXY"),
                ("http://127.0.0.1:1/v2", user.token, 6, "connection", "firewall"),
                (user.endpoint, "0123456789abcdef0123456789abcdef", 3, "token", "pontoon config"),
                (user.endpoint + "/nowhere", user.token, 4, "api", ""),
                (
                    user.endpoint.replacing("http:", with: "https:"), user.token, 6, "api",
                    "does not use TLS on this port"
                ),
            ]
            for (endpoint, token, code, check, word) in rows {
                var user = user
                (user.endpoint, user.token) = (endpoint, token)
                let run = try await user.run(["doctor", "--json"])
                #expect(run.code == code, "\(endpoint): \(run)")
                let bad = run.all("check").filter { $0.text("verdict") == "bad" }
                #expect(bad.map { $0.text("check") } == [check], "\(run)")
                #expect(run.all("check").last?.text("check") == check, "\(run)")
                let said = (bad.first?.text("message") ?? "") + (bad.first?.text("advice") ?? "")
                #expect(said.contains(word) || word.isEmpty, "\(run)")
                #expect(!run.output.contains(token))
            }
        }
    }

    @Test("without credentials, doctor exits with 3 and prints advice")
    func noCredentials() async throws {
        try await withPontoon { _, user in
            var user = user
            user.token = ""
            let run = try await user.run(["doctor"])
            #expect(run.code == 3 && run.errors.contains("pontoon config"), "\(run)")
        }
    }

    @Test("missing permissions are reported, and no file is uploaded without them")
    func rights() async throws {
        try await withPontoon { server, user in
            let reader = try await server.addUser("reader")
            var other = user
            other.token = try #require(reader.token)
            let stranger = try await other.run(["doctor", "--json"])
            #expect(stranger.code == 0 && verdicts(stranger)["projects"] == "warning", "\(stranger)")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            let reading = try await other.run(["doctor", "--json", "--project", "admin/uploads"])
            #expect(reading.code == 3 && verdicts(reading)["permissions"] == "bad", "\(reading)")
            #expect(try finding("permissions", reading).text("code") == "not_allowed")
            #expect(verdicts(reading)["upload"] == nil)
            let missing = try await user.run(["doctor", "--json", "--project", "admin/none"])
            #expect(missing.code == 4 && verdicts(missing)["permissions"] == "bad", "\(missing)")
            _ = try await server.api.createProject("Second")
            let several = try await user.run(["doctor", "--json"])
            #expect(several.code == 0 && verdicts(several)["upload"] == "warning", "\(several)")
            #expect(try finding("upload", several).text("advice")?.contains("--project") == true)
        }
    }

    @Test("the local test files are removed, even if the disk is full")
    func temporaryFiles() async throws {
        try await withSmallDisk("size=1m") { disk in
            try await withPontoon { _, user in
                var user = user
                user.environment["TMPDIR"] = disk.string
                let good = try await user.run(["doctor", "--json", "--size", "64K"])
                #expect(good.code == 0, "\(good)")
                let full = try await user.run(["doctor", "--json", "--size", "4M"])
                #expect(full.code == 8 && verdicts(full)["upload"] == "bad", "\(full)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk.string) == [])
            }
        }
    }

    @Test("a nearly used-up rate limit and a proxy are reported")
    func limits() async throws {
        try await withPontoon(arguments: ["--rate-limit", "100/5m"]) { server, user in
            for _ in 0..<95 { _ = try await server.api.call(.GET, "/user") }
            var user = user
            user.environment["NO_PROXY"] = "elsewhere.example"
            user.environment["http_proxy"] = "http://127.0.0.1:1"
            let proxied = try await user.run(["doctor", "--json"])
            #expect(proxied.code == 6, "\(proxied)")
            #expect(try finding("proxy", proxied).text("message")?.contains("127.0.0.1:1") == true)
            #expect(try finding("connection", proxied).text("advice")?.contains("NO_PROXY") == true)
            user.environment["NO_PROXY"] = "127.0.0.1"
            let run = try await user.run(["doctor", "--json", "--project", "admin/none"])
            #expect(verdicts(run)["calls"] == "warning", "\(run)")
        }
    }
}
