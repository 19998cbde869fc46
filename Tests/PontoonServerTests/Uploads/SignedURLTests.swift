import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Restrictions of signed URLs to one method, one part, an unfinished upload and their lifetime.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SignedURLTests {
    @Test("an altered URL is rejected, and no part is stored")
    func altered() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let other = try await server.api.initialize("b.bin", size: 3)
            let url = try await server.api.partURL(upload, 1)
            let query = try #require(URLComponents(string: url)?.queryItems)
            func value(_ name: String) throws -> String { try #require(query.first { $0.name == name }?.value) }
            let (expires, key, signature) = (try value("expires"), try value("key"), try value("signature"))
            let later = String(try #require(Int(expires)) + 1)
            let path = "/storage/parts/\(upload)/1"
            let end = "expires=\(expires)&key=\(key)&signature=\(signature)"
            let flipped = (signature.hasPrefix("0") ? "1" : "0") + signature.dropFirst()
            let targets = [
                path, "\(path)?", "\(path)?expires=\(expires)&key=\(key)",
                "\(path)?expires=\(expires)&signature=\(signature)",
                "\(path)?key=\(key)&signature=\(signature)",
                "\(path)?expires=\(later)&key=\(key)&signature=\(signature)",
                "\(path)?expires=0\(expires)9&key=\(key)&signature=\(signature)",
                "\(path)?expires=&key=\(key)&signature=\(signature)",
                "\(path)?expires=x&key=\(key)&signature=\(signature)",
                "\(path)?expires=99999999999999999999&key=\(key)&signature=\(signature)",
                "\(path)?expires=\(expires)&key=\(key)x&signature=\(signature)",
                "\(path)?expires=\(expires)&key=&signature=\(signature)",
                "\(path)?expires=\(expires)&key=\(key)&signature=\(flipped)",
                "\(path)?expires=\(expires)&key=\(key)&signature=\(signature.dropLast())",
                "\(path)?expires=\(expires)&key=\(key)&signature=\(signature.dropLast(2))",
                "\(path)?expires=\(expires)&key=\(key)&signature=\(signature)00",
                "\(path)?expires=\(expires)&key=\(key)&signature=",
                "\(path)?expires=\(expires)&key=\(key)&signature=\(String(repeating: "0", count: 64))",
                "/storage/parts/\(upload)/2?\(end)", "/storage/parts/\(upload)/01?\(end)",
                "/storage/parts/\(upload)/0?\(end)",
                "/storage/parts/\(upload)/10001?\(end)", "/storage/parts/\(upload)/abc?\(end)",
                "/storage/parts/\(upload)/%31?\(end)", "/storage/parts/\(other)/1?\(end)",
                "/storage/parts/\(upload.lowercased() + "x")/1?\(end)", "/storage/parts/\(upload)/1/?\(end)",
                "/storage/parts//1?\(end)", "/storage/parts/\(upload)?\(end)", "/storage/parts/..%2F\(upload)/1?\(end)",
                "/storage/files/\(upload)?\(end)",
            ]
            for target in targets {
                let response = try await server.api.send(.PUT, server.origin + target, ByteBuffer(string: "abc"))
                #expect([403, 404, 405].contains(response.status), "\(target): \(response.status)")
                server.expectRefusal(response, response.status, try #require(response.code), "\(target)")
                if target.hasPrefix("\(path)?") { #expect(response.status == 403, "\(target)") }
            }
            for number in [1, 2] {
                server.expectRefusal(try await server.api.report(upload, number, "0"), 400, 8014, "nothing is stored")
            }
            let shuffled = "\(server.origin)\(path)?signature=\(signature)&more=1&key=\(key)&expires=\(expires)"
            let put = try await server.api.send(.PUT, shuffled, ByteBuffer(string: "abc"))
            #expect(put.status == 200, "the order of the query does not matter")
        }
    }

    @Test("a URL grants only one method")
    func otherMethods() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let part = try await server.api.partURL(upload, 1)
            for method: HTTPMethod in [.GET, .POST, .DELETE, .PATCH] {
                let response = try await server.api.send(method, part)
                server.expectRefusal(response, 403, 90002, "\(method)")
            }
            let file = try await server.api.upload("b.bin", ByteBuffer(string: "abc"))
            let download = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            for method: HTTPMethod in [.PUT, .POST, .DELETE, .PATCH] {
                let response = try await server.api.send(method, download, ByteBuffer(string: "x"))
                server.expectRefusal(response, 403, 90002, "\(method)")
            }
            let kept = try await server.api.download(file)
            #expect(kept == ByteBuffer(string: "abc"))
        }
    }

    @Test("a URL works in the same way with a valid token, an invalid token or none")
    func tokenIgnored() async throws {
        try await withTestServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let url = try await server.api.partURL(upload, 1)
            for headers: HTTPHeaders in [[:], ["X-Sbg-Auth-Token": server.token], ["X-SBG-Auth-Token": "wrong"]] {
                let response = try await server.api.send(.PUT, url, ByteBuffer(string: "abc"), headers: headers)
                #expect(response.status == 200, "\(headers)")
                #expect(response.body.readableBytes == 0)
            }
        }
    }

    @Test("the URLs of a finished upload are rejected")
    func ended() async throws {
        try await withEnduringServer { server in
            for ends in ["abort", "complete"] {
                let upload = try await server.api.initialize("\(ends).bin", size: 3)
                let urls = [try await server.api.partURL(upload, 1), try await server.api.partURL(upload, 2)]
                try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                let response =
                    ends == "abort"
                    ? try await server.api.call(.DELETE, "/upload/multipart/\(upload)")
                    : try await server.api.complete(upload)
                #expect(response.status == (ends == "abort" ? 204 : 201))
                for url in urls {
                    let put = try await server.api.send(.PUT, url, ByteBuffer(string: "xyz"))
                    server.expectRefusal(put, 404, 8003, "\(ends)")
                }
                for (method, path) in [(HTTPMethod.GET, ""), (.GET, "/part/1"), (.DELETE, "")] {
                    let call = try await server.api.call(method, "/upload/multipart/\(upload)\(path)")
                    server.expectRefusal(call, 404, 8003, "\(ends) \(method) \(path)")
                }
                guard ends == "complete" else { continue }
                let again = try await server.api.complete(upload)
                #expect(again.status == 201)
                #expect(try again.text("id") == response.text("id"))
                let kept = try await server.api.download(try again.text("id"))
                #expect(kept == ByteBuffer(string: "abc"))
            }
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("an expired URL is rejected, and a new one works")
    func expired() async throws {
        let clock = TestClock()
        try await withTestServer(.live, arguments: ["--url-lifetime", "1h"], clock: clock) { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let info = try await server.api.call(.GET, "/upload/multipart/\(upload)/part/1")
            let url = try info.text("url")
            let expires = try Date(try info.text("expires"), strategy: .iso8601)
            #expect((3500...3601).contains(expires.timeIntervalSince(clock.now)))
            clock.advance(by: .seconds(3601))
            #expect(clock.now > expires)
            server.expectRefusal(try await server.api.send(.PUT, url, ByteBuffer(string: "abc")), 403, 90002, "expired")
            server.expectRefusal(try await server.api.report(upload, 1, "0"), 400, 8014, "nothing is stored")
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let file = try await server.api.complete(upload).text("id")
            let download = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            #expect(try await server.api.send(.GET, download).status == 200)
            clock.advance(by: .seconds(3601))
            server.expectRefusal(try await server.api.send(.GET, download), 403, 90002, "expired download")
        }
    }

    @Test("a part whose PUT started before its URL expired is stored")
    func beganInTime() async throws {
        let clock = TestClock()
        try await withTestServer(.live, clock: clock) { server in
            let upload = try await server.api.initialize("a.bin", size: 6)
            let url = try await server.api.partURL(upload, 1)
            let response = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n"
                        + "Connection: close\r\n\r\n"
                )
                return try await connection.readToEnd(after: "HTTP/1.1 100 Continue\r\n\r\n") {
                    try await connection.write("abc")
                    clock.advance(by: .seconds(2 * 3600))
                    let late = try await server.api.send(.PUT, url, ByteBuffer(string: "abcdef"))
                    server.expectRefusal(late, 403, 90002, "for others the URL has expired")
                    try await connection.write("def")
                }
            }
            let put = try APIResponse(raw: String(response.dropFirst("HTTP/1.1 100 Continue\r\n\r\n".count)))
            #expect(put.status == 200)
            let reported = try await server.api.report(
                upload,
                1,
                .string(try #require(put.headers.first(name: "ETag")))
            )
            #expect(reported.status == 200)
            let completed = try await server.api.complete(upload)
            #expect(completed["size"] == 6)
        }
    }
}
