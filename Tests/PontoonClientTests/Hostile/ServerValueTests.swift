import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import SystemPackage
import Testing

@testable import PontoonClient

/// Values in responses that no well-behaved server sends.
struct ServerValueTests {
    private func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        try ServerValues.decode(Value.self, from: ByteBuffer(string: text))
    }

    @Test(
        "an impossible length counts as unknown",
        arguments: [
            ("0", 0), ("5", 5), ("9007199254740992", 1 << 53), ("-1", nil), ("9007199254740994", nil),
            ("9223372036854775807", nil), ("-9223372036854775808", nil), ("1e30", nil), ("0.5", nil), ("null", nil),
        ] as [(String, Int64?)]
    )
    func length(text: String, expected: Int64?) throws {
        let file: FileDetails = try decode(#"{"id": "a", "name": "f", "size": \#(text)}"#)
        #expect(file.size == expected)
        let upload: UploadDetails = try decode(
            #"{"upload_id": "u", "size": \#(text), "part_size": \#(text), "stored_bytes": \#(text)}"#
        )
        #expect([upload.size, upload.partSize, upload.storedBytes] == [expected, expected, expected])
    }

    @Test(
        "an id that would change the path of a call is refused",
        arguments: ["", ".", "..", String(repeating: "x", count: 2000)]
    )
    func id(text: String) {
        #expect(throws: DecodingError.self) { try decode(#"{"id": "\#(text)", "name": "f"}"#, as: FileDetails.self) }
        #expect(throws: DecodingError.self) { try decode(#"{"upload_id": "\#(text)"}"#, as: UploadDetails.self) }
    }

    @Test(
        "a response with more than 255 combining marks in a row is refused",
        arguments: ["\u{301}\u{327}", #"\u0301\u0327"#]
    )
    func combiningMarks(pair: String) throws {
        func response(_ pairs: Int) -> String {
            let text = "e" + String(repeating: pair, count: pairs)
            return "{\"id\": \"a\", \"name\": \"\(text)\", \"\(text)\": 1}"
        }
        let file: FileDetails = try decode(response(127))
        #expect(file.id == "a")
        #expect(throws: DecodingError.self) { try decode(response(128), as: FileDetails.self) }
    }

    @Test("a refusal with many combining marks in a row has no message", .timeLimit(.minutes(1)))
    func combiningMarksInRefusals() {
        let text = "<Code>e" + String(repeating: "\u{301}\u{327}", count: 60_000)
        let response = HTTPResponse(status: 400, headers: HTTPHeaders(), body: ByteBuffer(string: text))
        #expect(StorageRefusal(response).message == "no reason given")
        let error = APIError(response, purpose: "get the user", call: "GET /user")
        #expect(error.message == "the server responded with status 400")
    }

    @Test("a response with more than 255 combining marks in a row in a header is refused", arguments: [127, 128])
    func combiningMarksInHeaders(pairs: Int) async throws {
        let marks = String(repeating: "\u{301}\u{327}", count: pairs)
        let body = #"{"username": "ada"}"#
        let head = "HTTP/1.1 200 OK\r\nX-Request-Id: e\(marks)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let response = ScriptedServer.Response(raw: head + body)
        try await ScriptedServer.with(respond: { _ in response }, settings: .impatient) { _, client in
            if pairs == 127 {
                let user = try await client.user()
                #expect(user.username == "ada")
            } else {
                let error = await #expect(throws: ClientError.self) { _ = try await client.user() }
                #expect(error?.code == .responseTooLong)
            }
        }
    }

    @Test(
        "a date outside the years 1 to 9999 counts as unknown",
        arguments: ["1e308", "-1e308", "1e19", #""99999-01-01T00:00:00Z""#, #""""#, #""yesterday""#]
    )
    func date(text: String) throws {
        let file: FileDetails = try decode(#"{"id": "a", "name": "f", "modified_on": \#(text)}"#)
        #expect(file.modifiedOn == nil)
    }

    @Test("extreme values of the rate limit are clamped", arguments: [Int64.max, .min, 0, -1])
    func rateLimit(number: Int64) {
        let throttle = RateLimitThrottle()
        let headers: HTTPHeaders = [
            "X-RateLimit-Limit": "\(number)", "X-RateLimit-Remaining": "\(number)", "X-RateLimit-Reset": "\(number)",
        ]
        let response = HTTPResponse(status: 200, headers: headers, body: ByteBuffer())
        let wait = throttle.note(response, clock: ServerClock())
        #expect(wait.map { (.zero ... .seconds(900)).contains($0) } ?? false)
        // `pontoon doctor` prints this time.
        #expect(throttle.rateLimit?.reset.formatted(.iso8601).isEmpty == false)
    }

    @Test(
        "extreme values of Retry-After are clamped",
        arguments: ["9223372036854775807", "-5", "18446744073709551616"]
    )
    func retryAfter(text: String) {
        let response = HTTPResponse(status: 503, headers: ["Retry-After": text], body: ByteBuffer())
        let decision = RetryPolicy().decide(
            attempt: 1,
            outcome: .refused(status: 503, code: nil, wait: response.retryAfter),
            idempotency: .idempotent,
            jitter: 1
        )
        guard case .retry(let wait) = decision else { return #expect(Bool(false), "\(decision)") }
        #expect((.zero ... .seconds(900)).contains(wait))
    }

    @Test("a JSON response with too many levels or values is refused before it is decoded")
    func shape() {
        let deep = #"{"items":"# + String(repeating: "[", count: 600_000) + String(repeating: "]", count: 600_000) + "}"
        let wide = #"{"items":["# + String(repeating: "{},", count: 600_000) + "{}]}"
        for text in [deep, wide] {
            #expect(throws: DecodingError.self) { try decode(text, as: ResultPage<FileDetails>.self) }
        }
    }

    @Test("long messages are shortened")
    func messages() {
        let long = String(repeating: "x", count: 100_000)
        let response = HTTPResponse(
            status: 400,
            headers: ["X-Request-Id": String(long.prefix(10_000))],
            body: ByteBuffer(string: #"{"code": 1, "message": "\#(long)"}"#)
        )
        #expect("\(APIError(response, purpose: "p", call: "c"))".count < 1500)
        #expect(StorageRefusal(response).message.count < 1500)
    }

    @Test(
        "part numbers outside the plan, from the server or a journal, are ignored",
        arguments: [Int.min, -5, 0, 2, .max]
    )
    func parts(number: Int) throws {
        let details: UploadDetails = try decode(
            """
            {"upload_id": "u", "parts": [{"part_number": \(number), "response": {"headers": {"ETag": "x"}}}],
             "stored_parts": [{"part_number": \(number), "response": {"headers": {"ETag": "x"}}}]}
            """
        )
        let upload = OpenUpload(
            details,
            plan: PartPlan(size: 5, partSize: 5 << 20, reason: ""),
            journaled: [number: JournalPart(number: number, etag: "x", crc64: "")]
        )
        #expect(upload.acknowledged.isEmpty)
        #expect(upload.reported.isEmpty)
    }

    @Test("sums of lengths do not overflow")
    func sums() {
        #expect([Int64.max, 1].clampedSum == .max)
        #expect([Int64.min, -1].clampedSum == .min)
        #expect([1, 2, 3].clampedSum == 6)
        let ranges = FileRanges(size: 1 << 53, rangeSize: .max)
        #expect(Array(ranges) == [0..<(1 << 53)])
        #expect(FileRanges(size: 1 << 53, rangeSize: 4 << 20).count == 1 << 31)
        #expect(Array(FileRanges(size: 10, rangeSize: 4)) == [0..<4, 4..<8, 8..<10])
        #expect(FileRanges(size: 0, rangeSize: 4).isEmpty)
        let board = ProgressBoard(sizes: [.max, .max])
        for index in 0..<2 {
            FileProgress(board: board, index: index).opened(size: .max)
            _ = board.finish(index, isSuccess: true)
        }
        #expect(board.snapshot(concurrency: 1).doneBytes == .max)
    }

    @Test("a sparse file of 5 EiB is sampled, and refused because of its length")
    func hugeFile() throws {
        try withTemporaryFile(in: "/dev/shm", size: 5 << 60) { path in
            let file = try SourceFile(path)
            defer { file.closeAfterReading() }
            #expect(try file.sample().count == 16)
            let error = try #require(throws: ClientError.self) {
                try PartPlan(size: file.facts.size, requestedPartSize: nil, totalBytes: .max, limits: PartPlan.Limits())
            }
            #expect(error.code == .fileUnsuitable)
        }
    }

    /// Runs `body` with a sparse file of the given size in bytes, in a folder whose file system supports this size.
    private func withTemporaryFile(in folder: String, size: Int64, _ body: (FilePath) throws -> Void) throws {
        let path = FilePath(folder).appending("pontoon-test-\(UUID().uuidString)")
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .exclusiveCreate],
            permissions: .ownerReadWrite
        )
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        try file.closeAfter { try file.resize(to: size) }
        try body(path)
    }
}
