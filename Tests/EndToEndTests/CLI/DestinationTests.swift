import Foundation
import Glibc
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The destination of `pontoon upload`, given as a path.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DestinationTests {
    /// Returns the paths of all files and folders in the admin's project.
    private func remotePaths(_ user: PontoonUser) async throws -> Set<String> {
        let list = try await user.run(["ls", "--json", "-r", "admin/uploads"])
        return Set(list.all("file").compactMap { $0.text("name") })
    }

    @Test("files go to the folder given with --to or as the last argument, which is created if it is missing")
    func created() async throws {
        try await withPontoon { server, user in
            try user.makeFile("reads/a", size: 3)
            try user.makeFile("reads/sub/b", size: 4)
            try Data("\(user.path("reads/./sub/b"))\n".utf8).write(to: URL(filePath: user.path("list")))
            let rows: [(arguments: [String], expected: Set<String>)] = [
                (["--to", "admin/uploads/runs/42", user.path("reads/a")], ["runs", "runs/42", "runs/42/a"]),
                (
                    [user.path("reads") + "/", "admin/uploads/flat/", "--keep-tree"],
                    ["flat", "flat/a", "flat/sub", "flat/sub/b"]
                ),
                ([user.path("reads/a"), user.path("reads/sub/b"), "admin/uploads"], ["a", "b"]),
                (
                    ["--files-from", user.path("list"), "--keep-tree", "admin/uploads/listed"],
                    ["listed", "listed/sub", "listed/sub/b"]
                ),
            ]
            var expected: Set<String> = []
            for row in rows {
                let dry = try await user.run(["upload", "--json", "--dry-run"] + row.arguments)
                #expect(try await remotePaths(user) == expected, "a dry run creates nothing: \(dry)")
                let run = try await user.run(["upload", "--json"] + row.arguments)
                #expect(run.code == 0 && dry.code == 0, "\(dry)\n\(run)")
                let planned = dry.all("plan").compactMap { $0.text("name") }.sorted()
                #expect(planned == run.all("uploaded").compactMap { $0.text("name") }.sorted(), "\(dry)\n\(run)")
                expected.formUnion(row.expected)
                #expect(try await remotePaths(user) == expected, "\(run)")
                let again = try await user.run(["upload", "--json"] + row.arguments)
                #expect(again.code == 0 && again.all("uploaded").isEmpty, "\(again)")
                let dryAgain = try await user.run(["upload", "--json", "--dry-run"] + row.arguments)
                #expect(dryAgain.all("plan").allSatisfy { $0.text("action") == "already_there" }, "\(dryAgain)")
            }
            let folder = try await server.api.fileID("runs")
            let byID = try await user.run(["upload", "--json", user.path("reads/a"), folder])
            #expect(byID.code == 0, "\(byID)")
            #expect(try await remotePaths(user) == expected.union(["runs/a"]))
        }
    }

    @Test("a destination that is missing, ambiguous or unusable is an error, and nothing is uploaded")
    func refused() async throws {
        try await withPontoon { _, user in
            try user.makeFile("a", size: 3)
            try user.makeFile("admin/uploads", size: 3)
            let taken = try await user.upload(user.path("a"))
            #expect(taken.code == 0, "\(taken)")
            let rows: [(arguments: [String], code: Int, message: String)] = [
                ([user.path("a")], 64, "Pass the destination with --to owner/project/folder, or as the last argument."),
                ([user.path("a"), user.path("admin/uploads")], 64, "is a file or folder on this machine"),
                ([user.path("a"), "uploads"], 64, "'uploads', is not a path on the server"),
                (["--to", "uploads", user.path("a")], 64, "'uploads' is neither an id nor a path"),
                (
                    ["--to", "admin/uploads", "--project", "admin/uploads", user.path("a")], 64,
                    "only one of --to, --project and --parent"
                ),
                (["--to", "admin/uploads/a/b", user.path("a")], 5, "a file with that name exists"),
                (["--to", "admin/none/b", user.path("a")], 4, "Requested project does not exist"),
            ]
            for (arguments, code, message) in rows {
                let run = try await user.run(["upload"] + arguments)
                #expect(run.code == code && run.errors.contains(message), "\(arguments): \(run)")
                let dry = try await user.run(["upload", "--dry-run"] + arguments)
                #expect(dry.code == code, "\(arguments): \(dry)")
            }
            #expect(try await remotePaths(user) == ["a"])
        }
    }

    @Test("an interrupted upload to a path is resumed by the same command")
    func resumed() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * (5 << 20)).string
            let command = ["upload", "--json", "--part-size", "5M", path, "admin/uploads/deep/er"]
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let first = try await user.run(command) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGKILL) }
                }
                #expect(first.code == nil, "\(first)")
                valve.discard()
                let second = try await user.run(command)
                #expect(second.code == 0 && Set(first.parts).isDisjoint(with: second.parts), "\(second)")
            }
            #expect(try await remotePaths(user) == ["deep", "deep/er", "deep/er/f"])
        }
    }
}
