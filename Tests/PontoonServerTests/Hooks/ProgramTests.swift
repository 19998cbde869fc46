import Foundation
import Glibc
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

/// Runs of programs: input and output, timeout, inherited environment and files, and concurrency.
@Suite(.timeLimit(.minutes(10)))
struct ProgramTests {
    /// Runs a shell script as a program, which is killed 300 ms after SIGTERM.
    private func run(
        _ script: String,
        input: [UInt8] = Array("{}".utf8),
        timeout: Duration = .seconds(300),
        facts: [String: String] = [:]
    ) async throws -> ProgramRun {
        try await withTemporaryFolder { folder in
            let path = try writeProgram(script, in: folder)
            return try await Program(path: path, timeout: timeout, grace: .milliseconds(300))
                .run(input: input, facts: facts)
        }
    }

    @Test(
        "the result of a run contains the exit status or the signal of the program",
        arguments: [
            ("exit 0", ProgramRun.End.exited(0)), ("exit 1", .exited(1)), ("exit 77", .exited(77)),
            ("kill -TERM $$", .signaled(15)), ("kill -KILL $$", .signaled(9)),
        ]
    )
    func ends(script: String, end: ProgramRun.End) async throws {
        #expect(try await run(script).end == end)
    }

    @Test("a program reads its input from standard input; its standard output and the end of all output are recorded")
    func streams() async throws {
        let input = Array(repeating: UInt8(ascii: "i"), count: 3_000_000)
        let counted = try await run("wc -c; echo problem >&2", input: input)
        #expect(counted.end == .exited(0))
        let head = String(decoding: counted.head, as: UTF8.self)
        #expect(head.trimmingCharacters(in: .whitespacesAndNewlines) == "3000000")
        #expect(counted.lastOutput.contains("problem") && counted.lastOutput.contains("3000000"))
    }

    @Test(
        "a program may leave its input unread or close it early",
        arguments: ["exit 3", "exec 0<&-; exit 3", "read -r line; exec 0<&-; exit 3"]
    )
    func unreadInput(script: String) async throws {
        let input = Array(repeating: UInt8(ascii: "\n"), count: 3_000_000)
        #expect(try await run(script, input: input).end == .exited(3))
    }

    @Test("of endless output, only the first and the last bytes are recorded")
    func flood() async throws {
        let flood = try await run("echo first; yes | head -c 20000000; echo last >&2; sleep 0.1; echo end")
        #expect(flood.end == .exited(0))
        #expect(flood.head.count == ProgramOutput.limit && flood.tail.count <= ProgramOutput.limit)
        #expect(flood.head.starts(with: Array("first\n".utf8)))
        #expect(flood.lastOutput.contains(" | end"))
        let endless = try await run("yes", timeout: .seconds(5))
        #expect(endless.end == .timedOut && endless.head.count == ProgramOutput.limit)
    }

    @Test("at the timeout, the whole process group is stopped, even if it ignores SIGTERM")
    func timeout() async throws {
        let stopped = try await run(
            "trap '' TERM; sh -c \"trap '' TERM; sleep 1000\" & echo $!; wait; sleep 1000",
            // The timeout is long enough for the program to print its first line on a busy machine.
            timeout: .seconds(15)
        )
        #expect(stopped.end == .timedOut)
        try await expectEnd(of: stopped)
    }

    @Test("a program that exits on SIGTERM is not killed, but the processes that it leaves behind are")
    func graceful() async throws {
        try await withTemporaryFolder { folder in
            let end = folder.appending("end")
            let script = "trap 'touch \(end); exit 0' TERM; sh -c \"trap '' TERM; sleep 1000\" & echo $!; wait"
            // The grace period is so long that the program exits before SIGKILL is sent.
            let path = try writeProgram(script, in: folder)
            let stopped = try await Program(path: path, timeout: .seconds(15), grace: .seconds(200))
                .run(input: [], facts: [:])
            #expect(stopped.end == .timedOut && FileManager.default.fileExists(atPath: end.string))
            try await expectEnd(of: stopped)
        }
    }

    @Test("processes that a program leaves behind are killed when it exits, and do not delay the end of the run")
    func leftBehind() async throws {
        let run = try await run("sleep 1000 & echo $!; exit 4")
        #expect(run.end == .exited(4))
        try await expectEnd(of: run)
    }

    @Test("a process that has left the process group does not delay the end of the run")
    func escaped() async throws {
        let hasLeft = "[ \"$(cut -d ' ' -f 5 /proc/$!/stat)\" = $! ]"
        let run = try await run("setsid sleep 200 & until \(hasLeft); do :; done; exit 4", timeout: .seconds(100))
        #expect(run.end == .exited(4))
    }

    /// Checks that the process whose id is the first line of the output has ended.
    private func expectEnd(of run: ProgramRun) async throws {
        let line = try #require(String(decoding: run.head, as: UTF8.self).split(separator: "\n").first)
        let process = try #require(pid_t(line))
        try await eventually("process \(process) has ended") {
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            guard let status else { return true }
            // A zombie: the process has exited, but nobody has waited for it yet.
            return status.contains(") Z ")
        }
    }

    @Test("the environment contains only the facts and two constants, and the working directory is /")
    func environment() async throws {
        let program = Program(path: "/usr/bin/env", timeout: .seconds(300))
        let output = try await program.run(input: [], facts: ["PONTOON_NAME": "a b\n'\"$(exit)"]).head
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").sorted()
        #expect(
            lines == [
                "'\"$(exit)", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "PONTOON_NAME=a b",
            ]
        )
        #expect(try await run("pwd").lastOutput == "/")
    }

    @Test("open files are not inherited")
    func descriptors() async throws {
        // Opened without `O_CLOEXEC`, unlike the other files of this process.
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        let listed = String(decoding: try await run("exec /bin/ls /proc/self/fd").head, as: UTF8.self)
        let numbers = Set(listed.split(separator: "\n").compactMap { Int($0) })
        // Descriptor 3 is the directory that ls reads.
        #expect(numbers == [0, 1, 2, 3], "\(listed)")
    }

    @Test("a program that cannot be started is a failed run")
    func missing() async throws {
        for path in ["/nonexistent/program", "/etc/passwd"] as [FilePath] {
            let run = try await Program(path: path, timeout: .seconds(300)).run(input: [], facts: [:])
            guard case .failed = run.end else {
                Issue.record("\(path): \(run.end)")
                continue
            }
        }
    }

    @Test("cancelling the task stops the program")
    func cancellation() async throws {
        try await withTemporaryFolder { folder in
            let started = folder.appending("started")
            let script = "echo $$ > \(started).new; mv \(started).new \(started); sleep 1000"
            let path = try writeProgram(script, in: folder)
            let task = Task { try await Program(path: path, timeout: .seconds(300)).run(input: [], facts: [:]) }
            try await eventually("started") { FileManager.default.fileExists(atPath: started.string) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let process = try String(contentsOfFile: started.string, encoding: .utf8)
            let pid = try #require(pid_t(process.trimmingCharacters(in: .newlines)))
            #expect(kill(pid, 0) == -1 && errno == ESRCH)
        }
    }

    @Test("many programs can run at once")
    func concurrency() async throws {
        let ends = try await concurrently(60) { index in
            try await run("cat; echo \(index)", input: Array(repeating: 65, count: 100_000)).end
        }
        #expect(ends == Array(repeating: .exited(0), count: 60))
    }

    @Test("permits limit the number of tasks, and a cancelled task leaves the queue")
    func permits() async throws {
        let (permits, gate) = (Permits(1), Gate())
        try await withThrowingTaskGroup { group in
            group.addTask { try await permits.withPermit { try await gate.pass() } }
            try await gate.reached()
            let waiting = Task { try await permits.withPermit {} }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            group.addTask { try await permits.withPermit {} }
            gate.open()
            try await group.waitForAll()
        }
        try await permits.withPermit {}
    }
}

/// Writes an executable shell script.
func writeProgram(_ script: String, named name: String = "program", in folder: FilePath) throws -> FilePath {
    let path = folder.appending(name)
    // The file is written under another name and renamed. A program cannot be run while a descriptor of it is open for
    // writing, which a child process of another thread may have inherited.
    try "#!/bin/sh\n\(script)\n".write(toFile: path.string, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
    return path
}
