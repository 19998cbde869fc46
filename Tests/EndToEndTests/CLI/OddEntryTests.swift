import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Files and folders that cannot be transferred: each is reported as failed, and all others are transferred.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct OddEntryTests {
    /// Creates a folder of entries, most of which cannot be uploaded to `admin/uploads`.
    ///
    /// That project must already contain a file named `taken`.
    ///
    /// - Returns: The JSON code expected for each path at the destination; `nil` if the entry can be uploaded.
    private func makeOddTree(_ user: PontoonUser) throws -> [String: String?] {
        for name in ["good", "sub/good", "__MACOSX/a", "con\ttrol/a", "taken/a", "taken/b/c"] {
            try user.makeFile("data/\(name)", size: 10)
        }
        for (link, target) in [("cycle", "cycle"), ("sub/dead", "/nowhere")] {
            try FileManager.default.createSymbolicLink(
                atPath: user.path("data/\(link)"),
                withDestinationPath: target
            )
        }
        // The byte 0xE9 is `é` in Latin-1.
        let latin = try #require(FilePath.Component(platformString: [0x63, CChar(bitPattern: 0xE9), 0]))
        let folder = user.folder.appending("data").appending(latin)
        try folder.withPlatformString { path in
            guard mkdir(path, 0o755) == 0 else { throw Errno(rawValue: errno) }
        }
        try makeUnreadable(user)
        return [
            "good": nil, "sub/good": nil, "__MACOSX/a": "file_unsuitable", "con\ttrol/a": "file_unsuitable",
            "taken/a": "name_taken", "taken/b/c": "name_taken", "cycle": "file_unreadable",
            "sub/dead": "file_unreadable", "c\u{FFFD}": "file_unsuitable", "secret": "file_unreadable",
        ]
    }

    private func makeUnreadable(_ user: PontoonUser) throws {
        try user.makeFile("data/secret/a", size: 10)
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: user.path("data/secret"))
    }

    /// Returns the user, with a client that lacks root's right to read all files.
    private func restricted(_ user: PontoonUser) -> PontoonUser {
        var user = user
        let dropped = "-dac_override,-dac_read_search"
        user.wrapper = ["/usr/bin/setpriv", "--bounding-set=\(dropped)", "--inh-caps=\(dropped)"]
        return user
    }

    @Test("entries that cannot be uploaded do not stop the others, even in a dry run, and --failed-to lists them")
    func upload() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.uploadSmall("taken")
            let expected = try makeOddTree(user)
            let user = restricted(user)
            let tree = ["--keep-tree", user.path("data") + "/"]
            let place = ["upload", "--json", "--project", "admin/uploads"]

            let dry = try await user.run(place + ["--dry-run"] + tree)
            let plans = dry.all("plan").map { ($0.text("name") ?? "", $0.text("code")) }
            #expect(Dictionary(plans) { first, _ in first } == expected, "\(dry)")

            let list = user.path("failed")
            let run = try await user.run(place + ["--failed-to", list] + tree)
            let results = (run.all("failed") + run.all("uploaded")).map { ($0.text("name") ?? "", $0.text("code")) }
            #expect(Dictionary(results) { first, _ in first } == expected, "\(run)")
            #expect(run.code == 1 && dry.code == run.code, "\(run)")
            let failed = try Data(contentsOf: URL(filePath: list)).split(separator: UInt8(ascii: "\n"))
            #expect(failed.count == 8 && failed.contains { $0.contains(0xE9) }, "the bytes are preserved")

            // The failed files keep their folders when they are uploaded again.
            try FileManager.default.moveItem(atPath: user.path("data/__MACOSX"), toPath: user.path("data/renamed"))
            _ = try await server.api.call(.DELETE, "/files/\(try await server.api.fileID("taken"))")
            let again = try await user.run(place + ["--keep-tree", "--files-from", list])
            let uploaded = again.all("uploaded").compactMap { $0.text("name") }
            #expect(uploaded.sorted() == ["taken/a", "taken/b/c"] && again.code == 1, "\(again)")
        }
    }

    @Test("compare leaves out linked folders and unreadable folders, and exits with 8 if it left any out")
    func compare() async throws {
        try await withPontoon { server, user in
            for name in ["good", "linked/a", "secret/b"] { try user.makeFile("data/\(name)", size: 10) }
            let sent = try await user.upload("--keep-tree", user.path("data") + "/")
            #expect(sent.code == 0, "\(sent)")
            try FileManager.default.moveItem(atPath: user.path("data/linked"), toPath: user.path("other"))
            try FileManager.default.createSymbolicLink(
                atPath: user.path("data/linked"),
                withDestinationPath: user.path("other")
            )
            let compare = ["compare", "--json", user.path("data"), "admin/uploads"]
            let linked = try await user.run(compare)
            #expect(linked.code == 8 && linked.all("same").count == 2, "\(linked)")
            #expect(linked.all("not_compared").compactMap { $0.text("name") } == ["linked", "linked/a"], "\(linked)")

            try makeUnreadable(user)
            let unread = try await restricted(user).run(compare + ["--exclude", "linked"])
            #expect(unread.code == 8 && unread.all("same").compactMap { $0.text("name") } == ["good"], "\(unread)")
            #expect(unread.all("failed").compactMap { $0.text("name") } == ["secret"], "\(unread)")
            #expect(unread.all("not_compared").compactMap { $0.text("name") } == ["secret/b"], "\(unread)")

            let excluded = ["--exclude", "linked", "--exclude", "/secret/", "--exclude", "*.none"]
            let rest = try await user.run(compare + excluded)
            #expect(rest.code == 0 && rest.all("same").count == 1, "\(rest)")
            #expect(rest.all("warning").count == 1, "the last pattern matched nothing: \(rest)")
        }
    }

    @Test("a name that a firewall refuses does not stop the other files", arguments: [[], ["--skip-existing"]])
    func firewall(flags: [String]) async throws {
        try await withPontoon { server, user in
            for number in 0..<20 { try user.makeFile("data/f\(number)", size: 10) }
            try user.makeFile("data/attack.exe", size: 10)
            try user.makeFile("data/attack.exe.d/a", size: 10)
            let page = "<html>blocked</html>"
            let refusal =
                "HTTP/1.1 403 Forbidden\r\nContent-Length: \(page.utf8.count)\r\nConnection: close\r\n\r\n\(page)"
            let fault = FaultInjectionProxy.Fault.respond { $0.contains("attack.exe") ? refusal : nil }
            let run = try await FaultInjectionProxy.with(server, fault: { _ in fault }) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let tree = ["--keep-tree", user.path("data") + "/"]
                return try await user.run(["upload", "--json", "--project", "admin/uploads"] + flags + tree)
            }
            #expect(run.code == 3 && run.all("uploaded").count == 20, "\(run)")
            let failed = run.all("failed")
            #expect(Set(failed.compactMap { $0.text("name") }) == ["attack.exe", "attack.exe.d/a"], "\(run)")
            #expect(failed.allSatisfy { $0.text("code") == "http_403" }, "\(run)")
            #expect(failed.allSatisfy { $0.text("message")?.contains("firewall") == true }, "\(run)")
        }
    }

    @Test("a missing file does not stop a download, or a command with several files")
    func missing() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b"] { _ = try await server.api.uploadSmall(name) }
            let paths = ["admin/uploads/a", "admin/uploads/none", "admin/uploads/b"]
            let download = try await user.run(["download", "--json", "-o", user.path("in") + "/"] + paths)
            #expect(download.code == 4 && download.all("downloaded").count == 2, "\(download)")
            #expect(download.all("failed").compactMap { $0.text("code") } == ["not_found"], "\(download)")
            let removed = try await user.run(["files", "rm", "--json"] + paths)
            #expect(removed.code == 4 && removed.all("removed").count == 2, "\(removed)")
            #expect(removed.all("failed").count == 1, "\(removed)")
        }
    }

    @Test("a folder that the server does not list, or a name that cannot be downloaded, does not stop the others")
    func unlisted() async throws {
        try await withPontoon { server, user in
            for name in ["a", "secret/b", "sub/c"] { try user.makeFile("data/\(name)", size: 10) }
            let sent = try await user.upload("--keep-tree", user.path("data") + "/")
            #expect(sent.code == 0, "\(sent)")
            let secret = try await server.api.fileID("secret")
            let page = "<html>blocked</html>"
            let refusal =
                "HTTP/1.1 403 Forbidden\r\nContent-Length: \(page.utf8.count)\r\nConnection: close\r\n\r\n\(page)"
            let fault = FaultInjectionProxy.Fault.respond { $0.contains("parent=\(secret)") ? refusal : nil }
            try await FaultInjectionProxy.with(server, fault: { _ in fault }) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let compared = try await user.run(["compare", "--json", user.path("data"), "admin/uploads"])
                #expect(compared.code == 1 && compared.all("same").count == 2, "\(compared)")
                #expect(compared.all("failed").compactMap { $0.text("name") } == ["secret"], "\(compared)")
                #expect(compared.all("not_compared").compactMap { $0.text("name") } == ["secret/b"], "\(compared)")
                let place = ["download", "--json", "-o", user.path("in") + "/", "--project", "admin/uploads"]
                let download = try await user.run(place)
                #expect(download.code == 3 && download.all("downloaded").count == 2, "\(download)")
                #expect(download.all("failed").compactMap { $0.text("name") } == ["secret"], "\(download)")
            }
        }
    }
}
