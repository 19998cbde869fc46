import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The version and the commit of the programs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct VersionTests {
    private func output(_ program: FilePath, _ arguments: String..., in folder: FilePath? = nil) async throws -> String
    {
        let result = try await run(
            .path(program),
            arguments: Arguments(arguments),
            workingDirectory: folder,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(program) \(arguments): \(result.standardError)")
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    @Test("--version prints version, commit and Swift version, and the server logs them when it starts")
    func version() async throws {
        let client = try await output(Places.pontoon, "--version")
        let server = try await output(Places.pontoond, "--version")
        let pattern =
            /(pontoon|pontoond) ([0-9]+\.[0-9]+\.[0-9]+(?:-dev)?) \(commit ([0-9a-f]{12}(?:-dirty)?|unknown), Swift (6\..+)\)/
        for text in [client, server] {
            let parts = try #require(try pattern.wholeMatch(in: text), "\(text)").output
            #expect(String(parts.2) == Build.version)
            #expect(String(parts.4) == Build.swift)
        }
        let commit = try #require(try pattern.wholeMatch(in: server)).output.3
        try await withServer { server in
            try await eventually("the start is logged with version and commit") {
                let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
                let line = log.split(separator: "\n").first { $0.contains("server started") } ?? ""
                return line.contains("version=\(Build.version)") && line.contains("commit=\(commit)")
            }
        }
    }

    @Test("the commit of a build comes from the repository or the archive, and is unknown without either")
    func commit() async throws {
        try await withTemporaryFolder { folder in
            let git = FilePath("/usr/bin/git")
            let tree = folder.appending("tree")
            let script = tree.appending("Scripts/commit")
            for name in ["Scripts/commit", ".gitattributes"] {
                let path = tree.appending(FilePath(name).components)
                try FileManager.default.createDirectory(
                    atPath: path.removingLastComponent().string,
                    withIntermediateDirectories: true
                )
                try FileManager.default.copyItem(
                    atPath: Places.root.appending(FilePath(name).components).string,
                    toPath: path.string
                )
            }
            #expect(try await output(script) == "", "neither a repository nor an archive")
            _ = try await output(git, "init", "--quiet", in: tree)
            _ = try await output(git, "add", ".", in: tree)
            _ = try await output(
                git,
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "commit",
                "--quiet",
                "-m",
                "first",
                in: tree
            )
            let commit = try await output(git, "rev-parse", "--short=12", "HEAD", in: tree)
            #expect(try await output(script) == commit)
            _ = try await output(git, "archive", "--prefix=archive/", "-o", "../a.tar", "HEAD", in: tree)
            _ = try await output("/usr/bin/tar", "xf", "a.tar", in: folder)
            #expect(try await output(folder.appending("archive/Scripts/commit")) == commit)
            try Data().write(to: URL(filePath: tree.appending("new").string))
            _ = try await output(git, "add", ".", in: tree)
            #expect(try await output(script) == "\(commit)-dirty")
        }
    }
}
