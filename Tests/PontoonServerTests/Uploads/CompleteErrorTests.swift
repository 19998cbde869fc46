import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Complete calls that are refused, and completions of empty files.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CompleteErrorTests {
    private struct Row {
        let name: String
        let size: Int?
        /// Contents of the parts that are sent and reported, by part number.
        let reported: [Int: String]
        /// Contents of the parts that are sent but not reported, by part number.
        var unreported: [Int: String] = [:]
        /// Text that the error message contains.
        let says: String
        /// Contents of the parts that are sent and reported after the refusal, so that the next complete call succeeds.
        let cure: [Int: String]
        let whole: String
    }

    private static let rows: [Row] = [
        Row(name: "nothing", size: 4, reported: [:], says: "No part", cure: [1: "ab", 2: "cd"], whole: "abcd"),
        Row(name: "nothing, size unknown", size: nil, reported: [:], says: "No part", cure: [1: ""], whole: ""),
        Row(
            name: "sent, not reported",
            size: 4,
            reported: [:],
            unreported: [1: "ab", 2: "cd"],
            says: "reported",
            cure: [1: "ab", 2: "cd"],
            whole: "abcd"
        ),
        Row(name: "last missing", size: 6, reported: [1: "ab", 2: "cd"], says: "6", cure: [3: "ef"], whole: "abcdef"),
        Row(name: "first missing", size: 4, reported: [2: "cd"], says: "missing: 1", cure: [1: "ab"], whole: "abcd"),
        Row(name: "gap", size: 6, reported: [1: "ab", 3: "ef"], says: "missing: 2", cure: [2: "cd"], whole: "abcdef"),
        Row(
            name: "gap, size unknown",
            size: nil,
            reported: [1: "ab", 4: "gh"],
            says: "missing: 2, 3",
            cure: [2: "cd", 3: "ef"],
            whole: "abcdefgh"
        ),
        Row(
            name: "gap that adds up",
            size: 4,
            reported: [1: "ab", 3: "cd"],
            says: "missing: 2",
            cure: [2: "", 3: "cd"],
            whole: "abcd"
        ),
        Row(
            name: "gap sent, not reported",
            size: 6,
            reported: [1: "ab", 3: "ef"],
            unreported: [2: "cd"],
            says: "missing: 2",
            cure: [2: "cd"],
            whole: "abcdef"
        ),
        Row(name: "too little", size: 4, reported: [1: "ab", 2: "c"], says: "3", cure: [2: "cd"], whole: "abcd"),
        Row(
            name: "too much",
            size: 4,
            reported: [1: "ab", 2: "cd", 3: "e"],
            says: "5",
            cure: [2: "c", 3: "d"],
            whole: "abcd"
        ),
        Row(name: "not empty", size: 4, reported: [1: ""], says: "0", cure: [1: "abcd"], whole: "abcd"),
        Row(
            name: "9998 missing",
            size: nil,
            reported: [1: "ab", 10_000: "z"],
            says: "9988 more",
            cure: [:],
            whole: ""
        ),
    ]

    @Test("parts that do not add up are rejected, the error names the missing ones, and the upload stays usable")
    func incomplete() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            for row in Self.rows {
                let upload = try await server.api.initialize(row.name, size: row.size, partSize: 2)
                for (number, text) in row.reported {
                    try await server.api.store(upload, number, ByteBuffer(string: text))
                }
                for (number, text) in row.unreported {
                    let put = try await server.api.put(upload, number, ByteBuffer(string: text))
                    #expect(put.status == 200)
                }
                for body: JSONValue? in [nil, .null, [:], [], ["parts": []]] {
                    let response = try await server.api.call(.POST, "/upload/multipart/\(upload)/complete", body)
                    server.expectRefusal(response, 409, 8007, "\(row.name)")
                    let message = try response.text("message")
                    #expect(message.contains(row.says), "\(row.name): \(message)")
                }
                let list = try await server.api.call(.GET, "/files?project=admin/uploads&name=\(row.name.utf8Encoded)")
                #expect(list["items"] == [], "\(row.name)")
                guard !row.cure.isEmpty else { continue }
                for (number, text) in row.cure { try await server.api.store(upload, number, ByteBuffer(string: text)) }
                let completed = try await server.api.complete(upload)
                #expect(completed.status == 201, "\(row.name): \(String(buffer: completed.body))")
                let whole = try await server.api.download(try completed.text("id"))
                #expect(String(buffer: whole) == row.whole, "\(row.name)")
            }
        }
    }

    @Test("an empty file needs no part, and may have an empty one")
    func empty() async throws {
        try await withEnduringServer { server in
            for parts in 0...1 {
                let upload = try await server.api.initialize("empty-\(parts)", size: 0)
                if parts == 1 { try await server.api.store(upload, 1, ByteBuffer()) }
                let completed = try await server.api.complete(upload)
                #expect(completed["size"] == 0)
                let whole = try await server.api.download(try completed.text("id"))
                #expect(whole.readableBytes == 0)
            }
        }
    }

    @Test("the second of two uploads to one name is rejected in the complete call, and the first file is unchanged")
    func takenMeanwhile() async throws {
        try await withEnduringServer { server in
            let first = try await server.api.initialize("one", size: 5)
            let second = try await server.api.initialize("one", size: 6)
            let third = try await server.api.initialize("one", size: 5, overwrite: true)
            let fourth = try await server.api.initialize("two", size: 4)
            try await server.api.store(first, 1, ByteBuffer(string: "first"))
            try await server.api.store(second, 1, ByteBuffer(string: "second"))
            try await server.api.store(third, 1, ByteBuffer(string: "third"))
            try await server.api.store(fourth, 1, ByteBuffer(string: "four"))
            let file = try await server.api.complete(first).text("id")
            for _ in 1...2 { server.expectRefusal(try await server.api.complete(second), 409, 8005, "taken") }
            let kept = try await server.api.download(file)
            #expect(String(buffer: kept) == "first")
            let folder: JSONValue = ["project": "admin/uploads", "name": "two", "type": "folder"]
            let made = try await server.api.call(.POST, "/files", folder)
            #expect(made.status == 201)
            let refused = try await server.api.complete(fourth)
            #expect(refused.status == 409)
            #expect(refused.code == 5030 || refused.code == 8005)

            let new = try await server.api.complete(third)
            #expect(new.status == 201)
            #expect(try new.text("id") != file)
            server.expectRefusal(try await server.api.call(.GET, "/files/\(file)"), 404, 5002, "overwritten")
            let replaced = try await server.api.download(try new.text("id"))
            #expect(String(buffer: replaced) == "third")

            // Once the name is free again, the refused upload can be completed.
            let deleted = try await server.api.call(.DELETE, "/files/\(try new.text("id"))")
            #expect(deleted.status == 204)
            let late = try await server.api.complete(second)
            #expect(late.status == 201)
            let whole = try await server.api.download(try late.text("id"))
            #expect(String(buffer: whole) == "second")
        }
    }

    @Test("completing into a deleted destination is rejected")
    func destinationGone() async throws {
        try await withEnduringServer { server in
            let folder: JSONValue = ["project": "admin/uploads", "name": "gone", "type": "folder"]
            let id = try await server.api.call(.POST, "/files", folder).text("id")
            let body: JSONValue = ["parent": .string(id), "name": "a", "size": 3]
            let upload = try await server.api.call(.POST, "/upload/multipart", body).text("upload_id")
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let deleted = try await server.api.call(.DELETE, "/files/\(id)")
            #expect(deleted.status == 204)
            server.expectRefusal(try await server.api.complete(upload), 404, 5026, "the folder was deleted")
            let aborted = try await server.api.call(.DELETE, "/upload/multipart/\(upload)")
            server.expectRefusal(aborted, 404, 8003, "the upload was deleted")
            #expect(try server.unfinishedObjects() == [])
        }
    }
}

extension String {
    /// The text, percent-encoded for a query.
    ///
    /// Only unreserved ASCII characters stay as they are.
    var utf8Encoded: String {
        utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            if byte < 128, character.isLetter || character.isNumber || "-._~".contains(character) {
                return String(character)
            }
            return "%" + Hex.encode([byte]).uppercased()
        }.joined()
    }
}
