import Foundation
import Glibc
import NIOCore
import PontoonClient
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon watch`, which uploads the runs of an instrument.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct WatchTests {
    private static let marker = "CopyComplete.txt"

    private func watch(
        _ user: PontoonUser,
        _ arguments: String...,
        watch: @escaping @Sendable (PontoonEvent, pid_t) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        try await user.run(
            [
                "watch", user.path("runs"), "--json", "--project", "admin/uploads", "--settle", "1s", "--interval",
                "1s",
                "--until", Self.marker,
            ] + arguments,
            watch: watch
        )
    }

    private func states(_ run: PontoonRun) -> [String] { run.all("run").compactMap { $0.text("state") } }

    /// Returns the names of the uploaded files without their folders, in order.
    private func sent(_ run: PontoonRun) -> [String] {
        run.all("uploaded").compactMap { $0.text("name")?.split(separator: "/").last.map(String.init) }
    }

    @Test("files are sent once stable and again when changed, the marker last, and the run is compared and announced")
    func wholeRun() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/run1/Data/a.bcl", size: 1000)
            try user.makeFile("runs/run1/RunInfo.xml", size: 100)
            let seen = Counter()
            let command = "env | grep ^PONTOON_ | sort >>\(user.path("ended"))"
            let receipts = user.path("receipts")
            let run = try await watch(user, "--once", "--then", command, "--receipts", receipts) { event, _ in
                guard event.kind == "uploaded", event.text("name") == "run1/Data/a.bcl", seen.next() == 0 else {
                    return
                }
                // The run is not complete, but its first files are already on the server.
                let folder = try await server.api.fileID("Data", parent: try await server.api.fileID("run1"))
                _ = try await server.api.fileID("a.bcl", parent: folder)
                try user.makeFile("runs/run1/Data/a.bcl", size: 2000, seed: 8)
                try user.makeFile("runs/run1/\(Self.marker)", size: 1)
                try user.makeFile("runs/run1/late.txt", size: 10)
            }
            #expect(run.code == 0, "\(run)")
            #expect(states(run).last == "complete" && states(run).first == "found", "\(run)")
            #expect(sent(run).filter { $0 == "a.bcl" }.count == 2, "\(run)")
            #expect(sent(run).last == Self.marker && sent(run).contains("late.txt"), "\(run)")
            let root = try await server.api.fileID("run1")
            let folder = try await server.api.fileID("Data", parent: root)
            #expect(try await server.api.content("a.bcl", parent: folder) == testBytes(seed: 8, count: 2000))

            let receipt = try Receipt(FilePath(receipts).appending("run1.json"))
            let names = ["Data/a.bcl", "RunInfo.xml", "late.txt", Self.marker].map { "run1/\($0)" }
            #expect(Set(receipt.files.map(\.name)) == Set(names), "\(receipt)")
            let verified = try await user.run(["verify", "\(receipts)/run1.json"])
            #expect(verified.code == 0, "\(verified)")
            let variables = try String(contentsOfFile: user.path("ended"), encoding: .utf8)
            #expect(
                variables == """
                    PONTOON_DESTINATION=admin/uploads/run1
                    PONTOON_RECEIPT=\(receipts)/run1.json
                    PONTOON_RESULT=complete
                    PONTOON_RUN=\(user.path("runs/run1"))

                    """
            )

            // A complete run is not processed again, even if its marker is removed, until the marker is written again.
            try FileManager.default.removeItem(atPath: user.path("runs/run1/\(Self.marker)"))
            let again = try await watch(user, "--once", "--then", command)
            #expect(again.code == 0 && again.all("run").isEmpty && sent(again).isEmpty, "\(again)")
            try user.makeFile("runs/run1/\(Self.marker)", size: 2)
            try user.makeFile("runs/run1/new", size: 2)
            let changed = try await watch(user, "--once", "--then", "exit 3")
            #expect(changed.code == 1 && states(changed).first == "changed", "\(changed)")
            #expect(sent(changed) == ["new", Self.marker], "\(changed)")
            #expect(changed.all("warning").first?.text("message")?.contains("exited with 3") == true, "\(changed)")
        }
    }

    @Test("a watch that was killed or stopped continues without sending a file again", arguments: [SIGKILL, SIGTERM])
    func restarted(signal: CInt) async throws {
        try await withPontoon { _, user in
            for number in 0..<5 { try user.makeFile("runs/run1/f\(number)", size: 1000, seed: UInt64(number)) }
            let first = try await watch(user) { event, pid in
                // Without its marker, the run never completes, so the client runs until it is killed.
                if event.kind == "uploaded", event.text("name") == "run1/f4" { kill(pid, signal) }
            }
            #expect(first.code == (signal == SIGKILL ? nil : 130), "\(first)")
            let done = sent(first)
            #expect(done.contains("f4"), "\(first)")
            try user.makeFile("runs/run1/\(Self.marker)", size: 1)
            let second = try await watch(user, "--once")
            #expect(second.code == 0 && states(second).last == "complete", "\(second)")
            #expect(Set(sent(second)).isDisjoint(with: done), "\(second)")
            #expect(sent(second).last == Self.marker, "\(second)")
        }
    }

    @Test("after a pause longer than --timeout, a watch uploads the files of a run before it abandons the run")
    func longPause() async throws {
        try await withPontoon { _, user in
            for name in ["f", Self.marker] { try user.makeFile("runs/run1/\(name)", size: 1000) }
            let first = try await watch(user) { event, pid in
                if event.text("state") == "uploading" { kill(pid, SIGKILL) }
            }
            #expect(first.code == nil, "\(first)")
            // Makes the last change appear years old.
            let files = try FileManager.default.subpathsOfDirectory(atPath: user.path("state"))
            for file in files where file.hasSuffix(".json") {
                let path = URL(filePath: user.path("state/\(file)"))
                let text = try String(contentsOf: path, encoding: .utf8)
                try text.replacing(/"changed":[0-9.]+/, with: "\"changed\":1").write(
                    to: path,
                    atomically: true,
                    encoding: .utf8
                )
            }
            let second = try await watch(user, "--once")
            #expect(second.code == 0 && states(second).last == "complete", "\(second)")
        }
    }

    @Test("a run without a marker is abandoned after --timeout, and watched again when it changes")
    func timedOut() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/run1/f", size: 1000)
            let log = "echo $PONTOON_RESULT >>\(user.path("ended"))"
            let run = try await watch(user, "--once", "--timeout", "2s", "--then", log)
            #expect(run.code == 4 && states(run).last == "timed_out" && sent(run) == ["f"], "\(run)")
            #expect(run.all("run").last?.text("message")?.contains("'\(Self.marker)' did not appear") == true, "\(run)")
            // The run is still abandoned, and the command of --then is not run for it again.
            let again = try await watch(user, "--once", "--timeout", "2s", "--then", log)
            #expect(again.code == 4 && sent(again).isEmpty, "\(again)")
            try user.makeFile("runs/run1/\(Self.marker)", size: 1)
            let complete = try await watch(user, "--once", "--then", log)
            #expect(complete.code == 0 && states(complete).last == "complete", "\(complete)")
            #expect(try String(contentsOfFile: user.path("ended"), encoding: .utf8) == "timed_out\ncomplete\n")
        }
    }

    @Test("a file that cannot be uploaded fails its run, whose marker is not sent, and other runs are complete")
    func failed() async throws {
        try await withPontoon { server, user in
            for run in ["bad", "empty", "good", "linked"] {
                try user.makeFile("runs/\(run)/f", size: 10)
                try user.makeFile("runs/\(run)/\(Self.marker)", size: 1)
            }
            try user.makeFile("runs/bad/c\u{7}", size: 10)
            let empty = user.path("runs/empty/c\u{7}")
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
            try FileManager.default.createDirectory(
                atPath: user.path("runs/lost+found"),
                withIntermediateDirectories: false
            )
            try FileManager.default.createSymbolicLink(atPath: user.path("runs/linked/l"), withDestinationPath: "..")
            try user.makeFile("runs/.hidden/f", size: 10)
            let run = try await watch(user, "--once")
            #expect(run.code == 1, "\(run)")
            func last(_ name: String) -> PontoonEvent? {
                run.all("run").last { $0.text("path") == user.path("runs/\(name)") }
            }
            #expect(last("good")?.text("state") == "complete", "\(run)")
            #expect(last("bad")?.text("state") == "failed", "\(run)")
            #expect(last("bad")?.text("code") == "file_unsuitable", "\(run)")
            #expect(last("linked")?.text("state") == "different", "\(run)")
            #expect(last("linked")?.description.contains("symbolic link to a folder") == true, "\(run)")
            #expect(last("empty")?.text("state") == "failed", "\(run)")
            #expect(last(".hidden") == nil && last("lost+found") == nil)
            let folder = try await server.api.fileID("bad")
            #expect(try await server.api.listed("/files?parent=\(folder)", "name") == ["f"])
            // Once the causes are removed, the same command completes both runs.
            try FileManager.default.removeItem(atPath: user.path("runs/bad/c\u{7}"))
            try FileManager.default.removeItem(atPath: user.path("runs/linked/l"))
            try FileManager.default.removeItem(atPath: empty)
            let repaired = try await watch(user, "--once")
            #expect(repaired.code == 0, "\(repaired)")
        }
    }

    @Test(
        "a run is complete when all markers of its instrument exist",
        arguments: [
            ("illumina", ["RTAComplete.txt", "CopyComplete.txt"]), ("ont", ["run/final_summary_FAX1_2.txt"]),
            ("pacbio", ["1_A01/.m84_001.transferdone"]),
        ]
    )
    func instruments(name: String, markers: [String]) async throws {
        try await withPontoon { _, user in
            try user.makeFile("runs/r/Data/x", size: 10)
            for marker in markers.dropFirst() { try user.makeFile("runs/r/\(marker)", size: 1) }
            let arguments = [
                "watch", user.path("runs"), "--json", "--project", "admin/uploads", "--settle", "1s", "--interval",
                "1s", "--instrument", name, "--once",
            ]
            let waiting = try await user.run(arguments + ["--timeout", "2s"])
            #expect(waiting.code == 4 && states(waiting).last == "timed_out", "\(waiting)")
            try user.makeFile("runs/r/\(markers[0])", size: 1)
            let complete = try await user.run(arguments)
            #expect(complete.code == 0 && states(complete).last == "complete", "\(complete)")
            #expect(Set(sent(complete)) == Set(markers.map { String($0.split(separator: "/").last ?? "") }))
        }
    }

    @Test("a folder with a marker is a run itself, and only one process watches a folder")
    func single() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/deep/f", size: 10)
            try user.makeFile("runs/\(Self.marker)", size: 1)
            let inner = Inner()
            let run = try await user.held(at: "PUT ", server) { user, valve in
                try await watch(user, "--quick") { event, _ in
                    guard event.text("state") == "uploading" else { return }
                    inner.run = try await watch(user, "--once")
                    valve.release()
                }
            }
            #expect(inner.run?.code == 9, "\(String(describing: inner.run))")
            #expect(run.code == 0 && states(run).last == "complete", "\(run)")
            let folder = try await server.api.fileID("runs")
            #expect(try await server.api.listed("/files?parent=\(folder)", "name") == [Self.marker, "deep"], "\(run)")

            try user.makeFile("other/run1/sub/f", size: 10)
            try user.makeFile("other/run1/sub/done", size: 1)
            let deep = try await user.run([
                "watch", user.path("other"), "--json", "--project", "admin/uploads", "--settle", "0s", "--interval",
                "1s", "--until", "done", "--depth", "2", "--once",
            ])
            #expect(deep.code == 0, "\(deep)")
            #expect(deep.all("run").last?.text("path") == user.path("other/run1/sub"), "\(deep)")
            #expect(sent(deep) == ["f", "done"])
        }
    }

    @Test("a watch waits until an outage is over, and refuses invalid options")
    func outage() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/run1/f", size: 10)
            try user.makeFile("runs/run1/\(Self.marker)", size: 1)
            let isBack = Switch()
            let run = try await FaultInjectionProxy.with(
                server,
                fault: { _ in isBack.isOn ? .none : .cutRequest(after: 0) }
            ) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await watch(user, "--once", "--retries", "1") { event, _ in
                    if event.text("state") == "waiting" { isBack.turnOn() }
                }
            }
            #expect(run.code == 0 && states(run).contains("waiting") && states(run).last == "complete", "\(run)")
            for arguments in [
                [], ["--until", "x", "--instrument", "ont"], ["--until", "../x"], ["--until", "x", "--interval", "0s"],
                ["--until", "x", "--depth", "9"], ["--until", "x/"], ["--until", "x", "--timeout", "1m"],
                ["--until", "x", "--single", "--depth", "2"],
            ] {
                let refused = try await user.run(
                    ["watch", user.path("runs"), "--project", "admin/uploads"] + arguments
                )
                #expect(refused.code == 64, "\(arguments): \(refused)")
            }
            let missing = try await user.run([
                "watch", user.path("none"), "--project", "admin/uploads", "--until", "x",
            ])
            #expect(missing.code == 4, "\(missing)")
        }
    }

    @Test("a token with the scope 'upload' is enough, unless a file changes after it was sent")
    func uploadToken() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/run1/f", size: 10)
            try user.makeFile("runs/run1/\(Self.marker)", size: 1)
            var limited = user
            limited.token = try await server.administer("token", "create", "admin", "--scope", "upload")
            let run = try await watch(limited, "--once")
            #expect(run.code == 0 && states(run).last == "complete", "\(run)")
            try user.makeFile("runs/run1/f", size: 11)
            try user.makeFile("runs/run1/\(Self.marker)", size: 2)
            let changed = try await watch(limited, "--once")
            #expect(changed.code == 3, "\(changed)")
            let full = try await watch(user, "--once")
            #expect(full.code == 0, "\(full)")
            let folder = try await server.api.fileID("run1")
            #expect(try await server.api.content("f", parent: folder).readableBytes == 11)
        }
    }

    @Test("the commands of docs/watch.md upload a run to its destination")
    func documented() async throws {
        try await withPontoon { server, user in
            try user.makeFile("runs/run1/f", size: 10)
            for marker in ["RTAComplete.txt", "CopyComplete.txt", "done"] {
                try user.makeFile("runs/run1/\(marker)", size: 1)
            }
            let commands = try DocumentedCommandTests.commands(in: "watch.md")
                .replacing("/data/runs", with: user.path("runs")).replacing("lab/runs", with: "admin/uploads/runs")
                // The documented commands run until they are stopped; with --once, they exit.
                .replacing("--instrument illumina", with: "--instrument illumina --once --settle 0s --interval 1s")
                .replacing("--until /done", with: "--until /done --state other --settle 0s --interval 1s")
            let script = "export SB_API_ENDPOINT=\(server.endpoint) SB_AUTH_TOKEN=\(server.token)\n" + commands
            let output = try await DocumentedCommandTests.runScript(script, in: user.folder)
            #expect(output.contains("\(user.path("runs/run1")): complete, 4 files"), "\(output)")
            // The command of --then prints this line.
            #expect(output.contains("\(user.path("runs/run1")): complete\n"), "\(output)")
            #expect(output.contains("receipt in receipts/run1.json"), "\(output)")
            let runs = try await server.api.fileID("runs")
            #expect(try await server.api.listed("/files?parent=\(runs)", "name") == ["run1"])
        }
    }

    @Test("the output has one line for each change of a run's state")
    func lines() async throws {
        try await withPontoon { _, user in
            try user.makeFile("runs/run1/f", size: 10)
            try user.makeFile("runs/run1/\(Self.marker)", size: 1)
            let run = try await user.run([
                "watch", user.path("runs"), "admin/uploads/new/place", "--settle", "0s", "--interval", "1s", "--until",
                Self.marker, "--once", "--receipts", user.path("r"),
            ])
            let prefix = "\(user.path("runs/run1")): "
            #expect(run.code == 0 && run.output.isEmpty, "\(run)")
            #expect(
                run.errors.split(separator: "\n").map(String.init)
                    == [
                        "found", "uploading, 2 files, 11 B so far", "all markers are present; 2 files, 11 B",
                        "uploaded, comparing", "complete, 2 files, 11 B; receipt in \(user.path("r/run1.json"))",
                    ].map { prefix + $0 },
                "\(run)"
            )
        }
    }
}
