import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Concurrent calls on one upload.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ConcurrentCallTests {
    private func head(_ url: String, length: Int) throws -> String {
        "PUT \(try target(url)) HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\nConnection: close\r\n\r\n"
    }

    @Test("if two clients send the same part, the one that finishes last is stored intact", arguments: [true, false])
    func twoSenders(firstEndsLast: Bool) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let count = 1 << 20
            let upload = try await server.api.initialize("a.bin", size: count, partSize: count)
            let url = try await server.api.partURL(upload, 1)
            let piece = count / 8
            let head = try head(url, length: count)
            let (late, early) = try await RawConnection.with(server) { first in
                try await RawConnection.with(server) { second in
                    try await first.write(head)
                    try await second.write(head)
                    for step in 0..<7 {
                        for (connection, letter) in [(first, "a"), (second, "b")] {
                            try await connection.write(String(repeating: letter, count: piece))
                        }
                        if step == 3 {
                            // Each client has sent half of its part. If both used one region, their bytes would be
                            // mixed on the disk.
                            try await eventually("bytes arrive") { try !server.unfinishedObjects().isEmpty }
                        }
                    }
                    let order = firstEndsLast ? [(second, "b"), (first, "a")] : [(first, "a"), (second, "b")]
                    var responses: [APIResponse] = []
                    for (connection, letter) in order {
                        try await connection.write(String(repeating: letter, count: piece))
                        responses.append(try APIResponse(raw: try await connection.readToEnd()))
                    }
                    return (responses[1], responses[0])
                }
            }
            #expect(late.status == 200)
            let etag = JSONValue.string(try #require(late.headers.first(name: "ETag")))
            if let other = early.headers.first(name: "ETag") {
                server.expectRefusal(try await server.api.report(upload, 1, .string(other)), 400, 8014, "overtaken")
            } else {
                #expect(early.status != 200)
            }
            let reported = try await server.api.report(upload, 1, etag)
            #expect(reported.status == 200)
            let file = try await server.api.complete(upload).text("id")
            let bytes = try await server.api.download(file)
            let expected = ByteBuffer(repeating: UInt8(ascii: firstEndsLast ? "a" : "b"), count: count)
            #expect(bytes == expected, "exactly the bytes of one of the two parts")
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("if many clients send the same part, exactly one version is stored, intact")
    func manySenders() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let count = 300_000
            let upload = try await server.api.initialize("a.bin", size: count, partSize: count)
            let url = try await server.api.partURL(upload, 1)
            let tags = try await withThrowingTaskGroup { group in
                for seed in 0..<16 {
                    group.addTask {
                        let bytes = pseudoRandomBytes(seed: UInt64(seed), count: count)
                        return (seed, try await server.api.send(.PUT, url, bytes))
                    }
                }
                return try await group.reduce(into: [String: Int]()) { tags, sent in
                    if let etag = sent.1.headers.first(name: "ETag") { tags[etag] = sent.0 }
                }
            }
            var valid: [Int] = []
            for (etag, seed) in tags {
                if try await server.api.report(upload, 1, .string(etag)).status == 200 { valid.append(seed) }
            }
            #expect(valid.count == 1, "exactly one ETag is valid")
            let file = try await server.api.complete(upload).text("id")
            let bytes = try await server.api.download(file)
            #expect(bytes == pseudoRandomBytes(seed: UInt64(try #require(valid.first)), count: count))
        }
    }

    @Test("concurrent completes create one file and get the same response", arguments: [2, 16])
    func completes(count: Int) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let bytes = pseudoRandomBytes(seed: 5, count: 50_000)
            let upload = try await server.api.initialize("a.bin", size: bytes.readableBytes, partSize: 1000)
            for number in 1...50 {
                let part = try #require(bytes.getSlice(at: (number - 1) * 1000, length: 1000))
                try await server.api.store(upload, number, part)
            }
            let request =
                "POST /v2/upload/multipart/\(upload)/complete HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\n"
                + "Content-Length: 2\r\nConnection: close\r\n\r\n{}"
            let bodies = try await withThrowingTaskGroup { group in
                for _ in 0..<count { group.addTask { try APIResponse(raw: try await server.exchange(request)) } }
                return try await group.reduce(into: Set<JSONValue>()) { bodies, response in
                    #expect(response.status == 201, "\(String(buffer: response.body))")
                    bodies.insert(try response.json)
                }
            }
            #expect(bodies.count == 1)
            let list = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(list.headers["X-Total-Matching-Query"] == ["1"])
            #expect(try server.finishedObjects() == 1)
            guard case .array(let items) = list["items"], case .object(let item) = items.first,
                case .string(let id) = item["id"]
            else { throw UnexpectedResponse(description: String(buffer: list.body)) }
            let kept = try await server.api.download(id)
            #expect(kept == bytes)
        }
    }

    @Test("an abort while a part arrives leaves no files, and the part is not acknowledged", arguments: [nil, 1 << 20])
    func abortWhileStreaming(size: Int?) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            for isSlot in [true, false] {
                let upload = try await server.api.initialize("a.bin", size: size, partSize: isSlot ? 1 << 20 : 1 << 10)
                try await server.api.store(upload, 2, ByteBuffer(string: "xyz"))
                let url = try await server.api.partURL(upload, 1)
                let request =
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 20)\r\nConnection: close\r\n"
                    + "Expect: 100-continue\r\n\r\n"
                let half = String(repeating: "x", count: 1 << 19)
                let text = try await RawConnection.with(server) { connection in
                    try await connection.write(request)
                    return try await connection.readToEnd(after: "100 Continue\r\n\r\n") {
                        try await connection.write(half)
                        let aborted = try await server.api.call(.DELETE, "/upload/multipart/\(upload)", [:])
                        #expect(aborted.status == 204)
                        #expect(aborted.body.readableBytes == 0)
                        await connection.writeIfOpen(half)
                    }
                }
                let response = try APIResponse(raw: String(text.dropFirst("HTTP/1.1 100 Continue\r\n\r\n".count)))
                server.expectRefusal(response, 404, 8003, "the part of an aborted upload")
                try await eventually("no unfinished object remains") { try server.unfinishedObjects().isEmpty }
                #expect(try server.finishedObjects() == 0)
                server.expectRefusal(
                    try await server.api.call(.DELETE, "/upload/multipart/\(upload)"),
                    404,
                    8003,
                    "again"
                )
                let list = try await server.api.call(.GET, "/upload/multipart")
                #expect(list["items"] == [])
            }
        }
    }

    @Test("a part that arrives while its upload is completed without it is not acknowledged")
    func completeWhileStreaming() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let upload = try await server.api.initialize("a.bin", size: nil, partSize: 1 << 20)
            try await server.api.store(upload, 1, ByteBuffer(string: "whole"))
            let url = try await server.api.partURL(upload, 2)
            let half = String(repeating: "x", count: 1 << 19)
            let request =
                "PUT \(try target(url)) HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 20)\r\nConnection: close\r\n"
                + "Expect: 100-continue\r\n\r\n"
            let text = try await RawConnection.with(server) { connection in
                try await connection.write(request)
                return try await connection.readToEnd(after: "100 Continue\r\n\r\n") {
                    try await connection.write(half)
                    let completed = try await server.api.complete(upload)
                    #expect(completed["size"] == 5)
                    await connection.writeIfOpen(half)
                }
            }
            let response = try APIResponse(raw: String(text.dropFirst("HTTP/1.1 100 Continue\r\n\r\n".count)))
            server.expectRefusal(response, 404, 8003, "the part of a completed upload")
            try await eventually("no unfinished object remains") { try server.unfinishedObjects().isEmpty }
            let file = try await server.api.complete(upload).text("id")
            let kept = try await server.api.download(file)
            #expect(kept == ByteBuffer(string: "whole"))
        }
    }

    @Test("exactly one of concurrent abort and complete succeeds")
    func abortAgainstComplete() async throws {
        try await withEnduringServer { server in
            for round in 1...10 {
                let upload = try await server.api.initialize("\(round).bin", size: 3)
                try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                async let first = server.api.call(.DELETE, "/upload/multipart/\(upload)")
                async let second = server.api.complete(upload)
                let (aborted, completed) = try await (first, second)
                let list = try await server.api.call(.GET, "/files?project=admin/uploads&name=\(round).bin")
                if aborted.status == 204 {
                    server.expectRefusal(completed, 404, 8003, "aborted first")
                    #expect(list["items"] == [])
                } else {
                    #expect(aborted.code == 8003 || aborted.code == 8009)
                    let kept = try await server.api.download(try completed.text("id"))
                    #expect(kept == ByteBuffer(string: "abc"))
                }
            }
            #expect(try server.unfinishedObjects() == [])
        }
    }
}

extension RawConnection {
    /// Writes text to a server that may already have responded and closed the connection.
    fileprivate func writeIfOpen(_ text: String) async { try? await write(text) }
}
