import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The completion scripts for shells.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CompletionTests {
    @Test("each completion script contains the options of upload", arguments: ["bash", "zsh", "fish"])
    func scripts(shell: String) async throws {
        try await withPontoon { _, user in
            let run = try await user.run(["--generate-completion-script", shell])
            #expect(run.code == 0 && run.output.contains("keep-tree"), "\(run)")
        }
    }

    /// Returns bash's completions of the last word of a command line.
    ///
    /// `limit` is the time limit in seconds. `nil` selects the default, which a busy machine may exceed.
    private func completions(
        _ words: String...,
        limit: String? = "240",
        user: PontoonUser
    ) async throws -> [String] {
        let words = ["pontoon"] + words.flatMap { $0.split(separator: " ").map(String.init) }
        let line = words.joined(separator: " ")
        let script = """
            source <(pontoon --generate-completion-script bash)
            COMP_WORDS=(\(words.map { "'\($0)'" }.joined(separator: " "))) COMP_LINE='\(line)'
            COMP_CWORD=\(words.count - 1) COMP_POINT=${#COMP_LINE}
            _pontoon pontoon '\(words[words.count - 1])' '\(words[words.count - 2])'
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let result = try await run(
            .name("bash"),
            arguments: ["-c", script],
            environment: .inherit.updating([
                "HOME": user.folder.string, "SB_API_ENDPOINT": user.endpoint, "SB_AUTH_TOKEN": user.token,
                "PONTOON_COMPLETION_TIMEOUT": limit,
                "http_proxy": nil, "HTTP_PROXY": nil, "ALL_PROXY": nil, "all_proxy": nil,
                "PATH": "\(Places.pontoon.removingLastComponent()):\(path)",
            ]),
            workingDirectory: user.folder,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess && result.standardError.isEmpty, "\(words): \(result.standardError)")
        return result.standardOutput.split(separator: "\n").map(String.init)
    }

    @Test("profiles, projects and paths on the server are completed")
    func completed() async throws {
        try await withPontoon { server, user in
            let made = try await user.run(
                ["mkdir", "admin/uploads/reads/a", "admin/uploads/reads/b", "admin/uploads/empty"]
            )
            #expect(made.code == 0, "\(made)")
            _ = try await server.api.uploadSmall("results.txt", "abc")
            let config = try await user.run(
                ["config", "--profile", "lab", "--endpoint", server.endpoint],
                input: "t\n"
            )
            #expect(config.code == 0, "\(config)")
            let reads = ["admin/uploads/reads/", "admin/uploads/reads/a/", "admin/uploads/reads/b/"]
            let top = ["admin/uploads/", "admin/uploads/empty/", "admin/uploads/reads/", "admin/uploads/results.txt"]
            let rows: [(words: String, expected: [String])] = [
                // If there was only one completion, the shell would append a space. A single folder is therefore
                // completed together with its contents.
                ("ls adm", top), ("find admin/uploads/rea", reads), ("ls admin/uploads/reads/", Array(reads[1...])),
                ("ls admin/uploads/re", ["admin/uploads/reads/", "admin/uploads/results.txt"]),
                ("stat admin/uploads/e", ["admin/uploads/empty/"]), ("ls admin/uploads/none", []),
                ("download --project admin/uploads res", ["results.txt"]), ("upload f --to admin/uploads/rea", reads),
                ("upload f --project ad", ["admin/uploads"]), ("projects edit adm", ["admin/uploads"]),
                ("whoami --profile l", ["lab"]), ("ls --format t", ["table", "tsv"]), ("ls none/none/x", []),
                // The profile's token is not valid.
                ("ls --profile lab adm", []),
            ]
            for (words, expected) in rows {
                let found = try await completions(words, user: user)
                #expect(found.sorted() == expected.sorted(), "\(words)")
            }
            var offline = user
            offline.endpoint = "http://127.0.0.1:1/v2"
            #expect(try await completions("ls adm", user: offline) == [])
        }
    }

    @Test("names that a shell could interpret are not completed")
    func hostileNames() async throws {
        try await withPontoon { server, user in
            let proof = user.path("pwned")
            let names = ["$(touch pwned)", "`touch pwned`", "a b", "a;b", "a'b", "a*", "alpha"]
            // U+0D4E and the character after it form a single `Character`.
            let prefixed = ["\u{D4E}`x\u{D4E}`", "\u{D4E}$HOME"]
            for name in names + prefixed {
                _ = try await server.api.uploadSmall(name, "abc")
            }
            let found = try await completions("ls admin/uploads/", user: user)
            #expect(found == ["admin/uploads/alpha"])
            #expect(!FileManager.default.fileExists(atPath: proof))
        }
    }

    @Test("if the server does not respond in time, completion returns nothing and prints no message")
    func silentServer() async throws {
        try await withPontoon { server, user in
            try await user.held(at: "/v2/projects", server) { user, valve in
                // The request is still blocked when the completion returns.
                let found = try await completions("ls adm", limit: nil, user: user)
                #expect(found == [])
                valve.release()
            }
        }
    }

    @Test(
        "paths on the server are completed while they are typed",
        arguments: [
            (
                ["/bin/bash", "--norc", "-i"],
                "PS1='> '; PATH=BIN:$PATH; source <(pontoon --generate-completion-script bash)"
            ),
            (
                ["/usr/bin/zsh", "-f", "-i"],
                "PS1='> '; path=(BIN $path); autoload -U compinit; compinit -u -D; source <(pontoon --generate-completion-script zsh)"
            ),
            (
                ["/usr/bin/fish", "--no-config", "-i"],
                "function fish_prompt; echo '> '; end; set -gx PATH BIN $PATH; pontoon --generate-completion-script fish | source"
            ),
        ]
    )
    func typed(shell: [String], setup: String) async throws {
        try await withPontoon { server, user in
            let made = try await user.run(["mkdir", "admin/uploads/reads/alpha", "admin/uploads/reads/beta"])
            #expect(made.code == 0, "\(made)")
            let setup = setup.replacing("BIN", with: "\(Places.pontoon.removingLastComponent())")
            let session = try await TerminalSession(
                [
                    .until("[#$%>] "), .send("\(setup); clear\r"), .until("^> "),
                    .send("pontoon ls adm\t"), .until("pontoon ls admin/uploads/"), .send("r\t"),
                    .until("pontoon ls admin/uploads/reads/"), .send("al\t"),
                    .until("pontoon ls admin/uploads/reads/alpha/"), .show, .send("\u{15}exit\r"),
                ],
                command: ["PONTOON_COMPLETION_TIMEOUT=240"] + shell,
                server,
                user
            )
            #expect(session.screens.count == 1)
        }
    }
}
