import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Senders, who upload through a link without an account.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SenderTests {
    @Test("a sender's files are stored in a separate folder that is named after the link and the sender")
    func upload() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let link = try await server.api.createLink()
            let sender = try await server.api.sender(of: link, name: "Anna/B")
            let labels: JSONValue = ["upload_link": "forged", "sender": "forged", "sample": "1"]
            let started = try await sender.initializeAsSender(
                "a.bam",
                size: 3,
                [
                    "path": ["run", "lane"], "metadata": labels, "tags": ["x"], "part_infos": 1,
                    "project": "admin/none", "parent": "none",
                ]
            )
            #expect(started.status == 200)
            let expected: JSONValue = ["upload_link": "Lab B", "sender": "Anna/B", "sample": "1"]
            #expect(started["metadata"] == expected && started["tags"] == ["x"])
            let upload = try started.text("upload_id")
            let details = try await sender.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
            let list = try await sender.call(.GET, "/upload/multipart")
            #expect(try list.entries.count == 1)
            try await sender.store(upload, 1, ByteBuffer(string: "abc"))
            let completed = try await sender.complete(upload)
            #expect(completed.status == 201 && completed["metadata"] == expected && completed["tags"] == ["x"])
            for response in [started, details, list, completed] {
                let text = String(buffer: response.body)
                for hidden in ["admin", "project", "parent"] { #expect(!text.contains(hidden), "\(hidden) in \(text)") }
            }
            let repeated = try await sender.complete(upload)
            #expect(try repeated.json == completed.json)
            let file = try await server.api.call(.GET, "/files/\(try completed.text("id"))")
            #expect(file["metadata"] == expected && file["project"] == "admin/uploads")
            var path: [String] = []
            var folder = try file.text("parent")
            while folder != (try await server.api.root()) {
                let parent = try await server.api.call(.GET, "/files/\(folder)")
                path.insert(try parent.text("name"), at: 0)
                folder = try parent.text("parent")
            }
            #expect(path.count == 3 && path.dropFirst() == ["run", "lane"])
            #expect(path.first?.wholeMatch(of: /\d{4}-\d\d-\d\d \d\d\.\d\d Anna_B/) != nil, "\(path)")
            let usage = try await server.api.call(.GET, "/upload_links/\(link.id)")["usage"]
            #expect(usage == ["bytes": 3, "files": 1, "open_bytes": 0, "open_uploads": 0, "senders": 1])
            for secret in [link.secret, sender.token ?? "-"] { #expect(!server.log.contains(secret)) }
        }
    }

    @Test("senders of the same link or of different links do not see each other's files and may use the same names")
    func isolation() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let (first, second) = (try await server.api.createLink(), try await server.api.createLink())
            let senders = [
                try await server.api.sender(of: first), try await server.api.sender(of: first),
                try await server.api.sender(of: second),
            ]
            let own = try await server.api.initialize("a.bam", size: 3)
            var uploads: [String] = []
            for sender in senders {
                uploads.append(try await sender.initializeAsSender("a.bam", size: 3).text("upload_id"))
            }
            let report: JSONValue = ["part_number": 1, "response": ["headers": ["ETag": "x"]]]
            for (index, sender) in senders.enumerated() {
                let list = try await sender.call(.GET, "/upload/multipart")
                #expect(try list.entries.map { $0.string("upload_id") } == [uploads[index]])
                #expect(list.headers["X-Total-Matching-Query"] == ["1"])
                for other in uploads + [own] where other != uploads[index] {
                    let calls: [(method: HTTPMethod, rest: String, body: JSONValue?)] = [
                        (.GET, "", nil), (.GET, "?list_parts=true", nil), (.GET, "/part/1", nil),
                        (.GET, "/part_infos", nil), (.POST, "/part", report), (.POST, "", ["parts": []]),
                        (.POST, "/complete", nil), (.DELETE, "", nil),
                    ]
                    for call in calls {
                        let path = "/upload/multipart/\(other)\(call.rest)"
                        server.expectRefusal(try await sender.call(call.method, path, call.body), 404, 8003, "\(call)")
                    }
                }
            }
            for (sender, upload) in zip(senders, uploads) {
                try await sender.store(upload, 1, ByteBuffer(string: "abc"))
                #expect(try await sender.complete(upload).status == 201)
            }
            // The creator sees all of them.
            let folders = try await server.api.listed("/files?project=admin/uploads")
            #expect(folders.count == 3)
        }
    }

    @Test("a sender's parts cannot exceed the declared size of the file")
    func partLengths() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let sender = try await server.api.sender(of: try await server.api.createLink())
            let started = try await sender.initializeAsSender("a", size: 5, ["part_size": 3])
            let upload = try started.text("upload_id")
            #expect(started["part_size"] == 3)
            for (number, text) in [(1, "abcd"), (2, "abc"), (3, "a")] {
                let response = try await sender.put(upload, number, ByteBuffer(string: text))
                server.expectRefusal(response, 413, 90000, "part \(number)")
            }
            try await sender.store(upload, 1, ByteBuffer(string: "abc"))
            try await sender.store(upload, 2, ByteBuffer(string: "de"))
            #expect(try await sender.complete(upload).status == 201)
        }
    }

    @Test("a sender who repeats the complete call does not see changes by members")
    func changedFile() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: smallParts, clock: clock) { server in
            let sender = try await server.api.sender(of: try await server.api.createLink())
            let upload = try await sender.initializeAsSender("a", size: 3).text("upload_id")
            try await sender.store(upload, 1, ByteBuffer(string: "abc"))
            let file = try await sender.complete(upload).text("id")
            clock.advance(by: .seconds(5))
            try await server.api.perform(.PATCH, "/files/\(file)", ["name": "secret", "tags": ["secret"]])
            let repeated = try await sender.complete(upload)
            #expect(repeated.status == 201 && repeated["size"] == 3)
            #expect(!String(buffer: repeated.body).contains("secret"))
        }
    }

    @Test("a name that the sender has used is refused, and no file is replaced")
    func names() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let sender = try await server.api.sender(of: try await server.api.createLink())
            try await sender.sendFile("a", path: ["run"])
            let again = try await sender.initializeAsSender("a", size: 3, ["path": ["run"]])
            server.expectRefusal(again, 409, 8005)
            let below = try await sender.initializeAsSender("b", size: 3, ["path": ["run", "a"]])
            server.expectRefusal(below, 409, 8005)
            let body: JSONValue = ["name": "a", "size": 3, "path": ["run"]]
            let overwriting = try await sender.call(.POST, "/upload/multipart?overwrite=true", body)
            server.expectRefusal(overwriting, 403, 8002)
            server.expectRefusal(try await sender.initializeAsSender("run", size: 3), 409, 5030)
            let rows: [(fields: [String: JSONValue], code: Int64)] = [
                (["size": nil], 8013), (["path": "a"], 8013), (["path": ["a/b"]], 8013), (["path": [".."]], 8013),
                (["path": [""]], 8013), (["path": ["__a"]], 8013), (["name": "../a"], 8013),
                (["path": .array(Array(repeating: "a", count: 33))], 8013), (["metadata": ["": "a"]], 5006),
            ]
            for row in rows {
                server.expectRefusal(try await sender.initializeAsSender("x", size: 3, row.fields), 400, row.code)
            }
        }
    }

    @Test("open uploads count towards a link's limits, and a link reports that it is full")
    func limits() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let link = try await server.api.createLink(["max_files": 2, "max_bytes": 10])
            let sender = try await server.api.sender(of: link)
            server.expectRefusal(try await sender.initializeAsSender("big", size: 11), 409, 90007)
            #expect(try await server.api.listed("/files?project=admin/uploads") == [], "no folder was created")
            let upload = try await sender.initializeAsSender("a", size: 6).text("upload_id")
            server.expectRefusal(try await sender.initializeAsSender("b", size: 5), 409, 90007)
            #expect(try await sender.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            try await sender.sendFile("b", "12345")
            let left = try await sender.call(.GET, "/upload_links/session")
            #expect(left["link"]?["files_left"] == 1 && left["link"]?["bytes_left"] == 5 && left["token"] == nil)
            let results = try await concurrently(8) { index in
                try await sender.initializeAsSender("\(index)", size: 1).status
            }
            #expect(results.sorted() == [200] + Array(repeating: 409, count: 7))
            let details = try await server.api.call(.GET, "/upload_links/\(link.id)")
            #expect(details["state"] == "full")
            let next = try await server.api.signIn(link.secret)
            #expect(next.status == 201 && next["link"]?["files_left"] == 0)
        }
    }

    @Test("revoking a link immediately aborts its open uploads and invalidates their URLs, but keeps its files")
    func revoked() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let link = try await server.api.createLink()
            let sender = try await server.api.sender(of: link)
            let file = try await sender.sendFile("kept").text("id")
            let upload = try await sender.initializeAsSender("open", size: 3).text("upload_id")
            let url = try await sender.partURL(upload, 1)
            #expect(try await server.api.call(.DELETE, "/upload_links/\(link.id)").status == 204)
            for path in ["/upload/multipart", "/upload/multipart/\(upload)/part/1", "/upload_links/session"] {
                server.expectRefusal(try await sender.call(.GET, path), 401, 90001, "\(path)")
            }
            server.expectRefusal(try await server.api.send(.PUT, url, ByteBuffer(string: "abc")), 404, 8003)
            server.expectRefusal(try await server.api.signIn(link.secret), 404, 90003)
            #expect(try server.unfinishedObjects() == [])
            #expect(try await server.api.download(file) == ByteBuffer(string: "abc"))
        }
    }

    @Test("a link works only while its creator may write to the project")
    func creator() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let writer = try await server.addUser("writer")
            try await server.addMember("writer", of: "admin/uploads", rights: ["write"])
            let link = try await writer.createLink()
            let sender = try await server.api.sender(of: link)
            let upload = try await sender.initializeAsSender("a", size: 0).text("upload_id")
            let path = "/projects/admin/uploads/members/writer"
            for change in ["demoted", "removed"] {
                if change == "demoted" {
                    try await server.api.perform(.PATCH, path + "/permissions", ["write": false])
                } else {
                    try await server.api.perform(.DELETE, path)
                }
                server.expectRefusal(try await server.api.signIn(link.secret), 410, 90003, "\(change)")
                server.expectRefusal(try await sender.complete(upload), 401, 90001, "\(change)")
                let shown = try await server.api.call(.GET, "/upload_links/\(link.id)")
                #expect(shown["state"] == "disabled", "\(change)")
            }
            try await server.addMember("writer", of: "admin/uploads", rights: ["write"])
            #expect(try await sender.complete(upload).status == 201)
        }
    }

    @Test("a sender is signed out when the link expires, or after a week without a call")
    func expiry() async throws {
        let clock = TestClock()
        try await withTestServer(clock: clock) { server in
            let link = try await server.api.createLink()
            let (busy, idle) = (try await server.api.sender(of: link), try await server.api.sender(of: link))
            for _ in 0..<4 {
                clock.advance(by: .seconds(2 * 86400))
                #expect(try await busy.call(.GET, "/upload_links/session").status == 200)
            }
            server.expectRefusal(try await idle.call(.GET, "/upload_links/session"), 401, 90001)
            #expect(await server.runMaintenance().errors.isEmpty)
            let usage = try await server.api.call(.GET, "/upload_links/\(link.id)")["usage"]
            #expect(usage?["senders"] == 1)
            let expires = clock.now.addingTimeInterval(3600).formatted(.iso8601)
            try await server.api.perform(.PATCH, "/upload_links/\(link.id)", ["expires": .string(expires)])
            #expect(try await busy.call(.GET, "/upload_links/session").status == 200)
            clock.advance(by: .seconds(3601))
            server.expectRefusal(try await busy.call(.GET, "/upload_links/session"), 401, 90001)
        }
    }

    @Test("a sender needs the password, and attempts with wrong passwords are limited by address and by link")
    func password() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: ["--trust-forwarded-proto", "true"], clock: clock) { server in
            let link = try await server.api.createLink(["password": "correct horse"])
            func attempt(_ password: String, from address: String = "10.0.0.1") async throws -> APIResponse {
                let headers: HTTPHeaders = ["X-Forwarded-For": "1.2.3.4, \(address)"]
                return try await server.api.signIn(link.secret, ["password": .string(password)], headers: headers)
            }
            server.expectRefusal(try await server.api.signIn(link.secret), 403, 90002)
            #expect(!server.log.contains("sign-in with an upload link failed"))
            for _ in 0..<UploadLinkRules.maximumAttemptsPerAddress {
                server.expectRefusal(try await attempt("wrong"), 403, 90002)
            }
            #expect(server.log.contains("sign-in with an upload link failed"))
            // The clock also advances by the time that the test takes.
            for expected: ClosedRange<Int64> in [1...10, 11...890] {
                let refused = try await attempt("correct horse")
                server.expectRefusal(refused, 429, 1000)
                let pause = try #require(refused.headers.first(name: "Retry-After").flatMap { Int64($0) })
                #expect(expected.contains(pause), "\(pause)")
                #expect(try await attempt("correct horse", from: "10.0.0.2").status == 201)
                clock.advance(by: .seconds(pause))
            }
            #expect(try await attempt("correct horse").status == 201)
            for index in 0..<UploadLinkRules.maximumAttemptsPerAddress {
                server.expectRefusal(try await attempt("wrong", from: "2001:db8::\(index)"), 403, 90002)
            }
            server.expectRefusal(try await attempt("correct horse", from: "2001:db8::ffff"), 429, 1000)
            #expect(try await attempt("correct horse", from: "2001:db8:0:1::1").status == 201)
            let sender = try await server.api.sender(of: link, password: "correct horse")
            #expect(try await sender.call(.GET, "/upload_links/session")["link"]?["has_password"] == true)
        }
    }

    @Test("an unknown secret, a bad name and an invalid token are refused")
    func refusals() async throws {
        try await withTestServer { server in
            let link = try await server.api.createLink()
            for secret in ["x", String(repeating: "0", count: 32), link.id, link.secret + "0", server.token] {
                server.expectRefusal(try await server.api.signIn(secret), 404, 90003)
            }
            let anonymous = server.client(token: nil)
            server.expectRefusal(try await anonymous.call(.POST, "/upload_links/session"), 400, 90000)
            server.expectRefusal(try await server.api.signIn(""), 400, 90000)
            let long = JSONValue.string(String(repeating: "x", count: 101))
            for sender: JSONValue in ["", " ", "a\u{1B}b", long, 1, ["a"]] {
                server.expectRefusal(try await server.api.signIn(link.secret, ["sender": sender]), 400, 90000)
            }
            for token in ["link-", "link-" + String(repeating: "0", count: 32), link.secret, "link-" + link.secret] {
                let client = server.client(token: token)
                server.expectRefusal(try await client.call(.GET, "/upload_links/session"), 401, 90001, "\(token)")
            }
            server.expectRefusal(try await server.api.call(.GET, "/upload_links/session"), 401, 90001)
        }
    }
}
