import Crypto
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// A client that uploads, overwrites, copies and deletes files in random order.
struct ChaosClient: Sendable {
    /// How an upload ends.
    private enum End { case complete, abort, never }

    private let number: Int
    private let calls: ChaosCalls
    /// Returns how often the bucket has been killed.
    private let bucketKills: @Sendable () -> Int
    private var random: SeededGenerator
    private var names = 0
    private var ledger = ChaosLedger()

    init(_ number: Int, calls: ChaosCalls, seed: UInt64, bucketKills: @escaping @Sendable () -> Int) {
        self.number = number
        self.calls = calls
        self.bucketKills = bucketKills
        random = SeededGenerator(seed: seed &+ UInt64(number))
    }

    /// Performs random operations until the switch is on, and returns the client's ledger.
    ///
    /// Records an issue and returns at the first error.
    mutating func run(until isOver: Switch) async -> ChaosLedger {
        do {
            while !isOver.isOn, !Task.isCancelled { try await step() }
        } catch is CancellationError {
            // Another part of the test has failed.
        } catch {
            Issue.record("client \(number): \(error)")
        }
        return ledger
    }

    private mutating func step() async throws {
        guard let index = ledger.files.indices.randomElement(using: &random), !random.happens(35) else {
            return try await random.happens(30) ? putFile() : upload(newName(), end: .complete)
        }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<25: try await overwrite(index)
        case ..<40: try await copy(ledger.files[index])
        case ..<72: try await delete(index)
        case ..<82: try await upload(newName(), end: .abort)
        case ..<90: try await upload(newName(), end: .never)
        default: try await check(ledger.files[index])
        }
    }

    private mutating func newName() -> String {
        names += 1
        return "\(number)-\(names)"
    }

    private mutating func call(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        isIdempotent: Bool = true
    ) async throws -> ChaosCalls.Response {
        try await calls.call(method, path, body, isIdempotent: isIdempotent, seed: random.next())
    }

    // MARK: - Files

    private mutating func overwrite(_ index: Int) async throws {
        let old = ledger.files[index]
        try await upload(old.name, replacing: old.id, end: .complete)
        ledger.files.remove(at: index)
        ledger.removed.append(old.id)
    }

    private mutating func copy(_ file: ChaosLedger.File) async throws {
        let name = newName()
        let body: JSONValue = ["project": "admin/uploads", "name": .string(name)]
        let response = try await call(.POST, "/files/\(file.id)/actions/copy", body, isIdempotent: false)
        var id = response.api["id"]
        if response.wasRepeated, response.api.status == 409 {
            let list = try await call(.GET, "/files?project=admin/uploads&name=\(name)").expecting(200)
            id = try list.entries.first?["id"]
        } else {
            _ = try response.expecting(200, 201)
        }
        guard case .string(let id) = id else { throw UnexpectedResponse(description: "no copy \(name)") }
        ledger.files.append(ChaosLedger.File(id: id, name: name, seed: file.seed, size: file.size))
        ledger.acknowledged += 1
    }

    /// Stores a file in one call.
    private mutating func putFile() async throws {
        let (name, seed, size) = (newName(), random.next(), Int.random(in: 0...200_000, using: &random))
        let path = "/files/content?project=admin/uploads&name=\(name)"
        let content = testBytes(seed: seed, count: size)
        let response = try await calls.call(.PUT, path, bytes: content, isIdempotent: false, seed: random.next())
        var id = response.api["id"]
        if response.wasRepeated, response.api.status == 409 {
            let list = try await call(.GET, "/files?project=admin/uploads&name=\(name)").expecting(200)
            id = try list.entries.first?["id"]
        } else {
            _ = try response.expecting(201)
        }
        guard case .string(let id) = id else { throw UnexpectedResponse(description: "no file \(name)") }
        let file = ChaosLedger.File(id: id, name: name, seed: seed, size: size)
        if response.wasRepeated { ledger.repeated.append(file) } else { ledger.files.append(file) }
        ledger.acknowledged += 1
    }

    private mutating func delete(_ index: Int) async throws {
        let file = ledger.files[index]
        let response = try await call(.DELETE, "/files/\(file.id)")
        if !response.wasRepeated || response.api.status != 404 { _ = try response.expecting(204) }
        ledger.files.remove(at: index)
        ledger.removed.append(file.id)
        ledger.acknowledged += 1
    }

    private mutating func check(_ file: ChaosLedger.File) async throws {
        try await calls.check(file, seed: random.next())
    }

    // MARK: - Uploads

    private mutating func upload(_ name: String, replacing old: String? = nil, end: End) async throws {
        let lengths = newLengths()
        let (seed, size) = (random.next(), lengths.reduce(0, +))
        let content = testBytes(seed: seed, count: size)
        let kills = bucketKills()
        let upload = try await initialize(name, content, lengths.isEmpty, overwrite: old != nil)
        ledger.unfinished[upload] = [:]
        for part in 1..<(lengths.count + 1) {
            try await store(part, of: lengths, content, in: upload)
            if end == .never, random.happens(50) { return }
        }
        switch end {
        case .never: return
        case .abort:
            let response = try await call(.DELETE, "/upload/multipart/\(upload)")
            if !response.wasRepeated || response.api.status != 404 { _ = try response.expecting(204) }
            ledger.aborted.append(upload)
        case .complete:
            var response = try await complete(upload)
            if response.api.status == 409, bucketKills() > kills {
                // SeaweedFS may lose a part if it is killed. The client must then be able to send the parts again.
                for part in 1..<(lengths.count + 1) { try await store(part, of: lengths, content, in: upload) }
                response = try await complete(upload)
            }
            let file = try response.expecting(201)
            #expect(file["size"] == .integer(Int64(size)))
            ledger.files.append(ChaosLedger.File(id: try file.text("id"), name: name, seed: seed, size: size))
        }
        ledger.unfinished[upload] = nil
        ledger.acknowledged += 1
    }

    /// Returns random part lengths.
    ///
    /// There is usually one part, sometimes none, and sometimes one or two parts of the minimum size before the last
    /// part.
    private mutating func newLengths() -> [Int] {
        let kind = Int.random(in: 0..<100, using: &random)
        guard kind >= 10 else { return [] }
        let last = Int.random(in: 1...200_000, using: &random)
        return Array(repeating: 5 << 20, count: kind < 80 ? 0 : kind < 95 ? 1 : 2) + [last]
    }

    private mutating func initialize(_ name: String, _ content: ByteBuffer, _ isEmpty: Bool, overwrite: Bool)
        async throws -> String
    {
        var body: [String: JSONValue] = [
            "project": "admin/uploads", "name": .string(name), "part_size": .integer(5 << 20),
        ]
        if isEmpty || random.happens(70) { body["size"] = .integer(Int64(content.readableBytes)) }
        if random.happens(15) {
            var md5 = Insecure.MD5()
            content.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
            body["md5"] = .string(Hex.encode(md5.finalize()))
        }
        let path = "/upload/multipart?overwrite=\(overwrite)"
        return try await call(.POST, path, .object(body), isIdempotent: false).expecting(200).text("upload_id")
    }

    private mutating func store(_ part: Int, of lengths: [Int], _ content: ByteBuffer, in upload: String) async throws {
        let start = lengths[..<(part - 1)].reduce(0, +)
        let bytes = try #require(content.getSlice(at: content.readerIndex + start, length: lengths[part - 1]))
        let (calls, seed) = (calls, random.next())
        let sent = try await calls.transfer(.PUT, bytes) {
            try await calls.call(.GET, "/upload/multipart/\(upload)/part/\(part)", seed: seed).expecting(200)
                .text("url")
        }
        let etag = try #require(sent.headers.first(name: "ETag"))
        let report: JSONValue = [
            "part_number": .integer(Int64(part)), "response": ["headers": ["ETag": .string(etag)]],
        ]
        _ = try await call(.POST, "/upload/multipart/\(upload)/part", report).expecting(200)
        ledger.unfinished[upload, default: [:]][part] = etag
        ledger.acknowledged += 1
    }

    /// Completes an upload, sometimes with two concurrent calls, which must return the same file.
    private mutating func complete(_ upload: String) async throws -> ChaosCalls.Response {
        let path = "/upload/multipart/\(upload)/complete"
        guard random.happens(30) else { return try await call(.POST, path) }
        let (calls, seeds) = (calls, [random.next(), random.next()])
        async let other = calls.call(.POST, path, seed: seeds[0])
        let (first, second) = (try await calls.call(.POST, path, seed: seeds[1]), try await other)
        #expect(first.api["id"] == second.api["id"], "\(first.api.bodyText) \(second.api.bodyText)")
        return first
    }
}

extension ChaosCalls {
    /// Downloads a file and checks its content.
    func check(_ file: ChaosLedger.File, seed: UInt64) async throws {
        let response = try await transfer(.GET) {
            try await self.call(.GET, "/files/\(file.id)/download_info", seed: seed).expecting(200).text("url")
        }
        #expect(response.body == file.content, "\(file.name) is not what was sent")
    }
}
