import Foundation
import PontoonTesting
import SystemPackage
import Testing

/// The client on a terminal: the live display, interruptions and prompts.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct TerminalTests {
    private static let upload = ["upload", "--project", "admin/uploads", "--keep-tree", "--parallel", "4"]
    private static let wide = String(repeating: "配列解析結果", count: 6)

    /// Creates files with long names and returns the arguments that upload them slowly.
    ///
    /// At the default limit of 2 MiB/s, no file is finished within half a minute. Even a busy machine draws the
    /// progress several times during this period.
    private func longNames(_ user: PontoonUser, limit: String = "2M") throws -> [String] {
        let folder = "data/a-folder-with-a-rather-long-name-2026-11-28"
        for number in 1...3 { try user.makeFile("\(folder)/sample-\(number).R1.fastq.gz", size: 20 << 20) }
        try user.makeFile("data/\(Self.wide).bam", size: 20 << 20)
        return Self.upload + ["--bwlimit", limit, user.path("data")]
    }

    @Test("totals and both ends of long names are shown, in 80 columns and in 40")
    func narrow() async throws {
        try await withPontoon { server, user in
            let run = try await TerminalSession(
                [
                    .until(#"ETA \d"#), .until("配列"), .show, .size(rows: 24, columns: 40),
                    .until(#"(?m)^\d+% · 0/4 files · ETA \S+ *$"#), .show,
                ],
                try longNames(user, limit: "3M"),
                server,
                user
            )
            #expect(run.code == 0, "\(run)")
            for (screen, columns) in zip(run.screens, [80, 40]) {
                let shown = screen.filter { !$0.isEmpty }
                #expect(shown.count == 6, "four files and two lines of totals, none of which wraps: \(screen)")
                #expect(screen.filter { $0.contains(" ETA ") }.count == 1, "\(screen)")
                let names = shown.filter { $0.hasPrefix("  data/a-f") && $0.contains("…") }
                #expect(names.count == 3 && names.allSatisfy { $0.contains("fastq.gz") || columns == 40 }, "\(screen)")
                #expect(shown.contains { $0.hasPrefix("  data/配列") && $0.contains(".bam  ") }, "\(screen)")
                #expect(shown.contains { $0.contains(" elapsed") }, "\(screen)")
            }
            let wide = try #require(run.screens.first).joined(separator: "\n")
            for word in ["% of 20.0 MiB, part ", " of 80.0 MiB · ", "average ", " in parallel"] {
                #expect(wide.contains(word), "\(word) in \(wide)")
            }
            let narrow = try #require(run.screens.last).joined(separator: "\n")
            for word in [" of 80.0 MiB", "average ", " in parallel"] { #expect(!narrow.contains(word), "\(narrow)") }
            #expect(run.raw.contains(/4 of 4 files uploaded, 80\.0 MiB sent in \d+:/), "\(run.raw)")
            #expect(!run.text.contains { $0.contains(" ETA ") }, "\(run.text)")
        }
    }

    @Test("the totals are drawn again with every batch of lines, so that they are always visible")
    func manyFiles() async throws {
        try await withPontoon { server, user in
            for number in 0..<400 { try user.makeFile("data/f\(number)", size: 10_240) }
            // The upload takes at least three seconds, so the progress is drawn several times.
            let arguments = Self.upload + ["--bwlimit", "1M", user.path("data")]
            let run = try await TerminalSession([], arguments, server, user)
            #expect(run.code == 0, "\(run.text)")
            // The totals are drawn again after every erasure except the last one.
            let writes = run.raw.components(separatedBy: "\u{1B}[J").dropLast()
            #expect(writes.count > 1 && writes.allSatisfy { $0.contains(" ETA ") }, "\(writes)")
            #expect(run.text.filter { $0.contains("10.0 KiB uploaded, checksum ") }.count == 400)
            #expect(run.text.last?.hasPrefix("400 of 400 files uploaded, ") == true, "\(run.text.suffix(3))")
        }
    }

    @Test("a small terminal shows the totals first, and a dumb terminal shows only messages and results")
    func limited() async throws {
        try await withPontoon { server, user in
            let arguments = try longNames(user, limit: "4M")
            let small = try await TerminalSession(
                [.size(rows: 4, columns: 80), .until(#"ETA \d"#), .show],
                arguments,
                server,
                user
            )
            let screen = try #require(small.screens.first)
            #expect(
                screen.contains { $0.contains(" ETA ") } && screen.contains { $0.contains(" elapsed") },
                "\(screen)"
            )
            #expect(small.code == 0 && small.text.last?.hasPrefix("4 of 4 files uploaded") == true, "\(small.text)")
            for terminal in ["dumb", ""] {
                let run = try await TerminalSession([], arguments, terminal: terminal, server, user)
                #expect(run.code == 0 && !run.raw.contains("\u{1B}") && !run.raw.contains("ETA"), "\(run.raw)")
                #expect(
                    run.raw.split(whereSeparator: \.isNewline).count == 6,
                    "the start, a line per file and the summary: \(run.raw)"
                )
            }
        }
    }

    @Test("after Ctrl-C, the last line says how to resume if the upload can be resumed")
    func interrupted() async throws {
        try await withPontoon { server, user in
            let arguments = try longNames(user)
            let steps: [TerminalStep] = [.size(rows: 24, columns: 120), .until(#"ETA \d"#), .send("\u{3}")]
            let resumable = try await TerminalSession(steps, arguments, server, user)
            #expect(resumable.code == 130, "\(resumable)")
            let text = resumable.text.suffix(2)
            #expect(text.first?.hasPrefix("0 of 4 files uploaded, ") == true, "\(resumable.text)")
            #expect(text.last == "pontoon: Interrupted. Run the same command again to resume.", "\(resumable.text)")
            #expect(!resumable.text.contains { $0.contains(" ETA ") }, "\(resumable.text)")
            let restarted = try await TerminalSession(steps, arguments + ["--no-resume"], server, user)
            #expect(restarted.code == 130 && restarted.text.last?.contains("resume") == false, "\(restarted.text)")
        }
    }

    @Test("Ctrl-C ends a prompt at once and turns the terminal's echo on again")
    func prompts() async throws {
        try await withPontoon { server, user in
            let url = try await TerminalSession([.until("URL of the API"), .send("\u{3}")], ["config"], server, user)
            #expect(url.code == 130 && url.echo && url.text.joined().hasSuffix("pontoon: Interrupted."), "\(url)")
            let token = try await TerminalSession(
                [.until("Token "), .send("half a tok"), .send("\u{3}")],
                ["config", "--endpoint", "cgc"],
                server,
                user
            )
            #expect(token.code == 130 && token.echo && token.text.last == "pontoon: Interrupted.", "\(token)")
            #expect(!token.raw.contains("half"), "\(token)")
            #expect(!FileManager.default.fileExists(atPath: user.path(".sevenbridges/credentials")))
            let whole = try await TerminalSession(
                [.until("URL of the API"), .send("cgc\n"), .until("Token "), .send("0123456789abcdef\n")],
                ["config"],
                server,
                user
            )
            #expect(whole.code == 0 && whole.echo && !whole.raw.contains("0123456789abcdef"), "\(whole)")
            let profile = try String(contentsOfFile: user.path(".sevenbridges/credentials"), encoding: .utf8)
            #expect(profile.contains("auth_token = 0123456789abcdef\n"))
        }
    }
}
