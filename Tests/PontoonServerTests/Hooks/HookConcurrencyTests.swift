import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

/// The order of runs, and the number of concurrent runs.
@Suite("Concurrent runs of hooks", .timeLimit(.minutes(10)))
struct HookConcurrencyTests {
    /// The files through which runs report to the test, and through which the test releases them.
    private struct Runs: Sendable {
        let folder: FilePath
        let program: FilePath

        /// Writes a program whose runs are named by the value of an environment variable.
        init(_ folder: FilePath, _ variable: String) throws {
            self.folder = folder
            for name in ["present", "running", "released"] {
                let path = folder.appending(name).string
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            }
            // Each run counts the runs that are present, including itself, before the test can release it.
            let script = """
                cat > /dev/null
                : > "\(folder)/present/$\(variable)"
                ls "\(folder)/present" | wc -l >> \(folder)/counts
                echo "begin $\(variable)" >> \(folder)/log
                : > "\(folder)/running/$\(variable)"
                while [ -d \(folder) ] && [ ! -e "\(folder)/released/$\(variable)" ]; do sleep 0.05; done
                echo "end $\(variable)" >> \(folder)/log
                rm "\(folder)/running/$\(variable)" "\(folder)/present/$\(variable)"
                """
            program = try writeProgram(script, in: folder)
        }

        /// The names of the runs that are in progress.
        var running: Set<String> {
            let path = folder.appending("running").string
            return Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
        }

        /// The highest number of concurrent runs that any run has counted, including itself.
        var highest: Int { lines("counts").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }.max() ?? 0 }

        func lines(_ name: String) -> [String] {
            let text = (try? String(contentsOfFile: folder.appending(name).string, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }

        /// Lets the run with this name end, even if it has not begun yet.
        func release(_ name: String) throws {
            try Data().write(to: URL(filePath: folder.appending("released/\(name)").string))
        }
    }

    /// Runs a test while a hook command runs for the files that `prepare` adds.
    ///
    /// `body` receives the runs, and the ids of the events in the order of the log.
    private func withHooks(
        concurrency: Int,
        prepare: @Sendable (TestServer) async throws -> Void,
        _ body: @escaping @Sendable (Runs, [String]) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let runs = try Runs(folder, "PONTOON_EVENT_ID")
            let flags = ["--hook-command", runs.program.string, "--hook-concurrency", "\(concurrency)"] + smallParts
            try await withTestServer(on: folder.appending("data"), arguments: flags) { server in
                let hooks = try #require(server.app.hooks)
                try await prepare(server)
                let events = try await server.api.events("types=file.created").events.compactMap { $0.text("id") }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await hooks.run() }
                    defer { group.cancelAll() }
                    try await body(runs, events)
                }
            }
        }
    }

    @Test("with a concurrency of 1, each run ends before the next begins, even for versions of one file")
    func one() async throws {
        try await withHooks(concurrency: 1) { server in
            for text in ["1", "2", "3"] {
                for name in ["a", "b"] {
                    let bytes = ByteBuffer(string: text)
                    let stored = try await server.api.putFile(name, bytes, onConflict: "overwrite")
                    try #require(stored.status < 300, "\(stored.bodyText)")
                }
            }
        } _: { runs, events in
            try #require(events.count == 6)
            for event in events { try runs.release(event) }
            try await eventually("all runs have ended") { runs.lines("log").count { $0.hasPrefix("end ") } == 6 }
            #expect(runs.lines("log") == events.flatMap { ["begin \($0)", "end \($0)"] })
            #expect(runs.highest == 1)
        }
    }

    @Test("the number of concurrent runs is limited, and runs begin in the order of the events")
    func several() async throws {
        try await withHooks(concurrency: 3) { server in
            for number in 0..<8 { _ = try await server.api.uploadSmall("\(number)") }
        } _: { runs, events in
            try #require(events.count == 8)
            var running = Set(events.prefix(3))
            try await eventually("the first runs have begun") { [running] in runs.running == running }
            // The runs end in a different order than they began.
            let ends = [1, 0, 3, 2, 4, 6, 5, 7]
            for (number, end) in ends.enumerated() {
                try runs.release(events[end])
                running.remove(events[end])
                if number + 3 < events.count { running.insert(events[number + 3]) }
                try await eventually("the next run has begun") { [running] in runs.running == running }
            }
            let begun = runs.lines("log").filter { $0.hasPrefix("begin ") }
            #expect(Set(begun.prefix(3)) == Set(events.prefix(3).map { "begin \($0)" }))
            #expect(Array(begun.dropFirst(3)) == events.dropFirst(3).map { "begin \($0)" })
            #expect(runs.highest == 3)
        }
    }

    @Test("the number of files that are validated concurrently is limited, and the others wait")
    func validations() async throws {
        try await withTemporaryFolder { folder in
            let runs = try Runs(folder, "PONTOON_UPLOAD_ID")
            let flags = ["--validate-command", runs.program.string, "--hook-concurrency", "2"] + smallParts
            try await withTestServer(on: folder.appending("data"), .live, arguments: flags) { server in
                let api = server.api
                var uploads: [String] = []
                for number in 0..<6 {
                    let upload = try await api.initialize("\(number)", size: 3)
                    try await api.store(upload, 1, ByteBuffer(string: "abc"))
                    uploads.append(upload)
                }
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for upload in uploads { group.addTask { try await api.complete(upload).status } }
                    var left = Set(uploads)
                    while !left.isEmpty {
                        let expected = min(2, left.count)
                        try await eventually("as many runs as allowed have begun") { runs.running.count == expected }
                        let next = try #require(runs.running.first)
                        try runs.release(next)
                        left.remove(next)
                        try await eventually("the run has ended") { !runs.running.contains(next) }
                    }
                    for try await status in group { #expect(status == 201) }
                }
                #expect(runs.highest == 2)
                #expect(try await api.listed("/files?project=admin/uploads").count == 6)
            }
        }
    }
}
