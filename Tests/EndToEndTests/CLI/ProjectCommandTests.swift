import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// `pontoon mkdir`, `projects`, `members` and `whoami`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ProjectCommandTests {
    @Test("mkdir creates folders with their parents, and accepts existing ones")
    func folders() async throws {
        try await withPontoon { server, user in
            let first = try await user.run(["mkdir", "admin/uploads/a/b/c", "admin/uploads/a/b", "admin/uploads/d/"])
            #expect(first.code == 0, "\(first)")
            let words = first.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(words.map { String($0[0]) } == ["created", "exists", "created"], "\(first)")
            let again = try await user.run(["mkdir", "--json", "admin/uploads/a/b/c"])
            #expect(again.all("exists").first?.text("id") == words.first.map { String($0[1]) }, "\(again)")
            #expect(
                try await server.api.fileID(
                    "c",
                    parent: try await server.api.fileID("b", parent: try await server.api.fileID("a"))
                ) == String(words[0][1])
            )

            _ = try await server.api.uploadSmall("file", "abc")
            let rows: [(path: String, code: Int, message: String)] = [
                ("admin/uploads/file/x", 5, "a file with that name exists"), ("admin/none/x", 4, "does not exist"),
                ("admin/uploads", 64, "is not the path of a folder"), ("x", 64, "neither an id nor a path"),
            ]
            for (path, code, message) in rows {
                let run = try await user.run(["mkdir", path])
                #expect(run.code == code && run.errors.contains(message), "\(path): \(run)")
            }
            let some = try await user.run(["mkdir", "--json", "admin/uploads/file/x", "admin/uploads/e"])
            #expect(some.code == 5 && some.all("failed").count == 1 && some.all("created").count == 1, "\(some)")
        }
    }

    @Test("projects are created, changed, shown and deleted")
    func projects() async throws {
        try await withPontoon { server, user in
            let created = try await user.run(["projects", "create", "Run 42", "--description", "d", "--tag", "t"])
            #expect(created.code == 0 && created.output == "admin/run-42", "\(created)")
            let edited = try await user.run([
                "projects", "edit", "admin/run-42", "--name", "Run", "--tag", "u", "--tag", "v",
            ])
            #expect(edited.output == "changed admin/run-42  Run", "\(edited)")
            let shown = try await user.run(["projects", "admin/run-42", "--json"])
            let project = try #require(shown.all("project").first, "\(shown)")
            #expect(project.text("name") == "Run" && project.text("description") == "d", "\(shown)")
            #expect(project.fields["tags"] == ["u", "v"])
            let untagged = try await user.run(["projects", "edit", "admin/run-42", "--no-tags", "--description", ""])
            #expect(untagged.code == 0, "\(untagged)")
            let list = try await user.run(["projects", "--format", "tsv"])
            #expect(
                Set(list.output.split(separator: "\n")) == ["admin/uploads\tUploads", "admin/run-42\tRun"],
                "\(list)"
            )
            let owned = try await user.run(["projects", "ls", "--owner", "nobody", "--json"])
            #expect(owned.all("project").isEmpty && owned.all("finished").first?.number("projects") == 0, "\(owned)")

            try user.makeFile("f", size: 3)
            let upload = try await user.run(["upload", user.path("f"), "admin/run-42"])
            #expect(upload.code == 0, "\(upload)")
            let refused = try await user.run(["projects", "rm", "admin/run-42"])
            #expect(refused.code == 64 && refused.errors.contains("--recursive"), "\(refused)")
            let removed = try await user.run(["projects", "rm", "admin/none", "admin/run-42", "--recursive", "--json"])
            #expect(removed.code == 4 && removed.all("removed").first?.text("id") == "admin/run-42", "\(removed)")
            #expect(try await server.api.call(.GET, "/projects/admin/run-42").status == 404)
            let nothing = try await user.run(["projects", "edit", "admin/uploads"])
            #expect(nothing.code == 64, "\(nothing)")
            for id in ["none", "a/../b", "a/.."] {
                let invalid = try await user.run(["projects", "edit", id, "--name", "n"])
                #expect(invalid.code == 64 && invalid.errors.contains("is not a project id"), "\(invalid)")
            }
        }
    }

    @Test("members are added, listed, changed and removed")
    func members() async throws {
        try await withPontoon { server, user in
            let ada = try await server.addUser("ada")
            let added = try await user.run(["members", "add", "admin/uploads", "ada", "--permissions", "copy,write"])
            #expect(added.output == "added ada  read, copy, write", "\(added)")
            #expect(try await ada.call(.GET, "/projects/admin/uploads").status == 200)
            let list = try await user.run(["members", "ls", "admin/uploads", "--format", "tsv"])
            #expect(list.output == "ada\tread|copy|write\nadmin\tread|copy|write|execute|admin", "\(list)")
            let set = try await user.run(["members", "set", "admin/uploads", "ada", "--permissions", "read"])
            #expect(set.output == "changed ada  read", "\(set)")
            let events = try await user.run(["members", "ls", "admin/uploads", "--json"])
            #expect(
                events.all("member").first { $0.text("username") == "ada" }?.fields["permissions"] == ["read"],
                "\(events)"
            )
            let all = try await user.run(["members", "set", "admin/uploads", "ada", "--permissions", "admin", "--json"])
            #expect(
                all.all("changed").first?.fields["permissions"] == ["read", "copy", "write", "execute", "admin"],
                "\(all)"
            )
            let removed = try await user.run(["members", "rm", "admin/uploads", "ada"])
            #expect(removed.output == "removed ada", "\(removed)")
            #expect(try await ada.call(.GET, "/projects/admin/uploads").status == 404)

            let rows: [(arguments: [String], code: Int, message: String)] = [
                (["add", "admin/uploads", "nobody"], 4, "add 'nobody' to 'admin/uploads'"),
                (["add", "admin/uploads", "admin"], 5, "already"),
                (["rm", "admin/uploads", "ada"], 4, "List the members"),
                (["rm", "admin/uploads", "admin"], 3, "The owner of a project cannot be removed"),
                (["set", "admin/uploads", "ada", "--permissions", "fly"], 64, "fly"),
                (["ls", "uploads"], 64, "is not a project id"),
                (["rm", "admin/uploads", ".."], 64, "is not a valid user name"),
                (["set", "admin/uploads", ".", "--permissions", "read"], 64, "is not a valid user name"),
            ]
            for (arguments, code, message) in rows {
                let run = try await user.run(["members"] + arguments)
                #expect(run.code == code && run.errors.contains(message), "\(arguments): \(run)")
            }
        }
    }

    @Test("whoami shows the user, the URL and the source of the token")
    func whoami() async throws {
        try await withPontoon { server, user in
            let text = try await user.run(["whoami"])
            #expect(
                text.output == "admin  \(server.endpoint)  token from SB_AUTH_TOKEN  Pontoon \(Build.version)",
                "\(text)"
            )
            let json = try await user.run(["whoami", "--json"])
            let event = try #require(json.all("user").first, "\(json)")
            #expect(event.text("username") == "admin" && event.text("server_version") == Build.version)
            var stranger = user
            stranger.token = "unknown"
            let refused = try await stranger.run(["whoami"])
            #expect(refused.code == 3, "\(refused)")
        }
    }
}
