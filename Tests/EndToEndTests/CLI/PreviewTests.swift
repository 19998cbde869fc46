import Foundation
import Glibc
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Comparison of `pontoon upload --dry-run` and `--explain` with actual runs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct PreviewTests {
    private static let partSize = 5 << 20

    /// Runs an upload with `--dry-run`, with `--explain` and then for real.
    ///
    /// Compares the dry run's decisions with the run's results, and all three exit codes.
    ///
    /// - Returns: The actions of the dry run, by file name.
    @discardableResult
    private func compare(_ user: PontoonUser, _ arguments: [String]) async throws -> [String: String] {
        let upload = ["upload", "--json", "--project", "admin/uploads"] + arguments
        let dry = try await user.run(upload + ["--dry-run"])
        let explained = try await user.run(upload + ["--explain"])
        let run = try await user.run(upload)
        let actions = Dictionary(
            uniqueKeysWithValues: dry.all("plan").map { ($0.text("name") ?? "", $0.text("action") ?? "") }
        )
        let kinds = ["uploaded", "already_there", "skipped", "failed"]
        let results = kinds.flatMap { run.all($0) }.map { ($0.text("name") ?? "", $0.kind) }
        #expect(
            actions.mapValues { action in
                switch action {
                case "upload", "replace", "resume": "uploaded"
                case "skip": "skipped"
                case "fail": "failed"
                default: action
                }
            } == Dictionary(uniqueKeysWithValues: results),
            "\(arguments): \(dry)\n\(run)"
        )
        #expect(dry.code == run.code && explained.code == run.code, "\(arguments): \(dry)\n\(run)")
        return actions
    }

    @Test(
        "a dry run makes the same decisions as the run",
        arguments: [
            ([], ["done": "already_there", "same": "already_there", "other": "fail", "folder": "fail"]),
            (["--no-resume"], ["done": "already_there", "same": "already_there", "other": "fail", "folder": "fail"]),
            (["--skip-existing"], ["done": "already_there", "same": "skip", "other": "skip", "folder": "fail"]),
            (["--overwrite"], ["done": "already_there", "other": "replace", "folder": "fail"]),
            (["--overwrite", "--no-resume"], ["other": "replace", "folder": "fail"]),
        ] as [([String], [String: String])]
    )
    func decisions(flags: [String], expected: [String: String]) async throws {
        try await withPontoon { server, user in
            for name in ["done", "other", "new"] { try user.makeFile("data/\(name)", size: 10) }
            try user.makeFile("data/same", size: 3)
            try user.makeFile("data/folder", size: 10)
            for name in ["bad\u{7}", "long"] { try user.makeFile("data/\(name)", size: 10) }
            let done = try await user.upload(user.path("data/done"))
            #expect(done.code == 0, "\(done)")
            _ = try await server.api.upload("same", testBytes(seed: 7, count: 3))
            _ = try await server.api.upload("other", testBytes(seed: 8, count: 10))
            _ = try await server.api.makeFolder("folder")
            let manifest = "File name,sample\nlong,\(String(repeating: "x", count: 301))\nmissing,1\nnew,2\n"
            try Data(manifest.utf8).write(to: URL(filePath: user.path("data/manifest")))
            let all = flags + ["--manifest", user.path("data/manifest"), "--exclude", "manifest", user.path("data")]
            let actions = try await compare(user, all)
            for (name, action) in expected { #expect(actions[name] == action, "\(name): \(actions)") }
            let failures = ["bad\u{7}", "long", "missing"].map { actions[$0] }
            #expect(failures == ["fail", "fail", "fail"] && actions["new"] == "upload", "\(actions)")
            let names = try await server.api.listed("/files?project=admin/uploads", "name")
            #expect(!names.contains("long"), "labels are checked before the first byte is sent")
        }
    }

    @Test("a dry run reports which upload would be resumed, and fails if --upload-id does not belong to the file")
    func resumed() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 3 * Self.partSize).string
            try await user.held(at: "PUT /storage/", passes: 1, server) { user, valve in
                let first = try await user.upload("--part-size", "5M", "--parallel", "1", path) { event, pid in
                    if event.kind == "part" { kill(pid, SIGKILL) }
                }
                valve.discard()
                #expect(first.code == nil, "\(first)")
                let arguments = ["--part-size", "5M", path]
                #expect(try await compare(user, arguments + ["--upload-id", "none"]) == ["f": "fail"])
                let other = try await server.api.initialize("f", size: 7)
                #expect(try await compare(user, arguments + ["--upload-id", other]) == ["f": "fail"])
                let plan = try await user.upload("--dry-run", path)
                #expect(plan.all("plan").first?.text("action") == "resume", "\(plan)")
                #expect(plan.all("plan").first?.number("part_size") == Int64(Self.partSize), "\(plan)")
                #expect(try await compare(user, arguments) == ["f": "resume"])
                #expect(try await compare(user, arguments) == ["f": "already_there"])
                try user.makeFile("f", size: 3 * Self.partSize, seed: 9)
                #expect(try await compare(user, arguments + ["--overwrite"]) == ["f": "replace"])
            }
        }
    }

    @Test("a dry run fails like the run if the user may not upload to the project")
    func withoutPermission() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 3).string
            _ = try await server.addUser("reader")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            let folder = try await server.api.makeFolder("folder")
            var reader = user
            reader.token = try await server.administer("token", "create", "reader")
            for place in [["--project", "admin/uploads"], ["--parent", folder]] {
                for flags in [[], ["--dry-run"]] {
                    let run = try await reader.run(["upload", "--json", path] + place + flags)
                    #expect(run.code == 3, "\(place + flags): \(run)")
                }
            }
        }
    }
}
