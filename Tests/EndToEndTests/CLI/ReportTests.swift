import Foundation
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Options for the messages and the bandwidth of a transfer, and environment variables that replace options.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ReportTests {
    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    private func log(_ user: PontoonUser) throws -> String {
        try String(contentsOfFile: user.path("log"), encoding: .utf8)
    }

    @Test("--quiet prints only problems, and --log-file contains all messages with the time")
    func quiet() async throws {
        try await withPontoon { _, user in
            try user.makeFile("data/good", size: 10)
            try user.makeFile("data/bad\u{7}", size: 10)
            let arguments = ["--to", "admin/uploads", "--log-file", user.path("log"), user.path("data")]
            let quiet = try await user.run(["upload", "--quiet"] + arguments)
            #expect(quiet.code == 8 && quiet.output.isEmpty, "\(quiet)")
            #expect(lines(quiet.errors).count == 1 && quiet.errors.contains("bad<U+0007>"), "\(quiet)")
            let first = lines(try log(user))
            #expect(first.count == 4, "\(first)")
            for line in first {
                #expect(line.prefixMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /#) != nil, "\(line)")
            }
            #expect(first.contains { $0.contains(" Uploading 2 files, ") }, "\(first)")
            #expect(first.contains { $0.contains(" good: 10 B uploaded, ") }, "\(first)")
            #expect(first.last?.contains("1 of 2 files uploaded") == true, "\(first)")
            // A second run, without --quiet, appends to the log file and also prints its messages.
            let loud = try await user.run(["upload", "--parallel", "3"] + arguments)
            #expect(loud.errors.hasPrefix("Uploading 2 files, 20 B, over up to 3 connections.\n"), "\(loud)")
            #expect(loud.errors.contains("1 of 2 files uploaded"), "\(loud)")
            #expect(lines(try log(user)).count == 8)
            let download = try await user.run([
                "download", "--quiet", "admin/uploads/good", "--log-file", user.path("log"), "-o", user.path("back"),
            ])
            #expect(download.code == 0 && download.errors.isEmpty, "\(download)")
            #expect(try log(user).contains(" Downloading 1 file, 10 B"))
        }
    }

    @Test("the summary counts files that were uploaded earlier and files that were skipped")
    func summary() async throws {
        try await withPontoon { server, user in
            let paths = try ["a", "b"].map { try user.makeFile($0, size: 10).string }
            let command = ["upload", "--to", "admin/uploads"]
            #expect(try await user.run(command + [paths[0]]).errors.contains("1 of 1 file uploaded, 10 B sent"))
            let second = try await user.run(command + paths)
            #expect(second.errors.contains("2 of 2 files uploaded, 1 of them earlier, 10 B sent"), "\(second)")
            try user.makeFile("tree/c", size: 10)
            try FileManager.default.createDirectory(atPath: user.path("tree/empty"), withIntermediateDirectories: false)
            let tree = try await user.run(command + ["--keep-tree", user.path("tree")])
            #expect(tree.errors.contains("2 of 2 files uploaded, 10 B sent"), "\(tree)")
            try user.makeFile("b", size: 11)
            let third = try await user.run(command + ["--skip-existing"] + paths)
            #expect(third.errors.contains("2 of 2 files uploaded, 1 of them earlier, 1 skipped, 0 B sent"), "\(third)")
        }
    }

    @Test("a log file that cannot be opened is an error before the transfer, and a failed write is an error after it")
    func unwritableLog() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            for (log, json, code) in [("/proc/none/log", false, 8), (user.path("log"), true, 64)] {
                let run = try await user.run(
                    ["upload", "--to", "admin/uploads", "--log-file", log, path] + (json ? ["--json"] : [])
                )
                #expect(run.code == code && "\(run)".contains(json ? "--log-file" : "/proc/none/log"), "\(run)")
            }
            #expect(try await server.api.listed("/files?project=admin/uploads") == [])
            let full = try await user.run(["upload", "--to", "admin/uploads", "--log-file", "/dev/full", path])
            #expect(full.code == 8 && full.errors.contains("Cannot write to the log file: "), "\(full)")
            #expect(full.errors.contains("1 of 1 file uploaded"), "\(full)")
        }
    }

    @Test("--stats prints the progress at an interval without a terminal, and --progress-interval limits the events")
    func stats() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 1000).string
            let run = try await user.held(at: "PUT ", server) { user, valve in
                try await withThrowingTaskGroup(of: PontoonRun?.self) { group in
                    group.addTask {
                        try await user.run([
                            "upload", "--to", "admin/uploads", "--stats", "1s", "--log-file", user.path("log"), path,
                        ])
                    }
                    group.addTask {
                        try await eventually("the progress is printed twice", within: .seconds(300)) {
                            (try? log(user))?.matches(of: #/\d+% · 0/1 file · .* in parallel/#).count ?? 0 >= 2
                        }
                        valve.release()
                        return nil
                    }
                    var run: PontoonRun?
                    for try await value in group { run = value ?? run }
                    return try #require(run)
                }
            }
            #expect(run.code == 0 && run.errors.contains("% · 0/1 file · "), "\(run)")
            let slow = try await user.upload("--progress-interval", "1h", "--name", "g", "--parallel", "2", path)
            // The last event is always printed.
            #expect(slow.code == 0 && slow.all("progress").count == 1, "\(slow)")
            #expect(slow.all("began").first?.number("parallel") == 2, "\(slow)")
            let explained = try await user.run([
                "upload", "--explain", "--to", "admin/uploads", "--name", "h", "--parallel", "5", path,
            ])
            #expect(explained.output.contains("to send over up to 5 connections, "), "\(explained)")
        }
    }

    @Test("--bwlimit accepts a number, a timetable or off")
    func bandwidth() async throws {
        try await withPontoon { _, user in
            let path = try user.makeFile("f", size: 1000).string
            for limit in ["10M", "off", "0", "08:00,10M 19:00,off", "Mon-00:00,512k Friday-23:59,10M", "0:00,1G"] {
                let run = try await user.upload("--bwlimit", limit, path)
                #expect(run.code == 0, "\(limit): \(run)")
            }
            for limit in [
                "fast", "-1", "25:00,1M", "08:60,1M", "08:00", "08:00,", "08:00,fast", "Someday-08:00,1M", "8,1M",
                "08:00,1M,2M", "08:00,1M;19:00,off", "10M:1M",
            ] {
                let run = try await user.upload("--bwlimit", limit, path)
                #expect(run.code == 64, "\(limit): \(run)")
            }
        }
    }

    @Test("PONTOON_PROFILE and PONTOON_PROJECT replace --profile and --project")
    func environment() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 1000).string
            try user.makeFile(".sevenbridges/credentials", size: 0)
            let profiles = """
                [default]
                api_endpoint = http://127.0.0.1:1/v2
                auth_token = 00000000000000000000000000000000
                [lab]
                api_endpoint = \(server.endpoint)
                auth_token = \(server.token)
                """
            try profiles.write(toFile: user.path(".sevenbridges/credentials"), atomically: true, encoding: .utf8)
            var other = user
            (other.endpoint, other.token) = ("", "")
            other.environment = ["PONTOON_PROFILE": "lab", "PONTOON_PROJECT": "admin/uploads"]
            let run = try await other.run(["upload", path])
            #expect(run.code == 0, "\(run)")
            #expect(try await server.api.listed("/files?project=admin/uploads", "name") == ["f"])
            // Options take precedence.
            let missing = try await other.run(["upload", "--to", "admin/none", path])
            #expect(missing.code == 4, "\(missing)")
            let offline = try await other.run(["ls", "--profile", "default", "--retries", "1"])
            #expect(offline.code == 6, "\(offline)")
            // A URL and a token in the environment take precedence over PONTOON_PROFILE, too.
            (other.endpoint, other.token) = ("http://127.0.0.1:1/v2", user.token)
            let direct = try await other.run(["ls", "--retries", "1"])
            #expect(direct.code == 6, "\(direct)")
        }
    }
}
