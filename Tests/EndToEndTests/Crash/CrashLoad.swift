import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Clients that upload until the server crashes.
struct CrashLoad: Sendable {
    let api: APIClient
    let ledger: UploadLedger
    /// A request or an acknowledgment that the load counts.
    ///
    /// `upload` and `part` occur when a request is sent. `end` occurs when a request that stores files, ends an upload
    /// or deletes its file is sent, and again when it is acknowledged.
    enum Event { case upload, part, end }

    /// Called for every event, possibly concurrently.
    let onEvent: @Sendable (Event) -> Void

    /// Runs one client until a request fails, as when the server crashes.
    ///
    /// The client sends one upload after another, and the parts of each upload in parallel. Between uploads, it stores
    /// files and archives with single calls. The names of its files start with `names`. Every third upload overwrites
    /// the first file. An unexpected response is recorded as an issue.
    func runClient(_ names: String, seed: UInt64) async {
        var random = SeededGenerator(seed: seed)
        do {
            for number in 0... {
                for _ in 0..<Int.random(in: 0...3, using: &random) { try await putFile(names, using: &random) }
                if random.happens(50) { try await putArchive(names, using: &random) }
                let overwrites = number % 3 == 2
                let name = overwrites ? "\(names)-0" : "\(names)-\(number)"
                let plan = UploadPlan(name: name, overwrite: number % 3 != 1, using: &random)
                try await upload(plan, order: (1...plan.lengths.count).shuffled(using: &random))
            }
        } catch let error as UnexpectedResponse {
            Issue.record("\(names): \(error)")
        } catch {
            // The server was killed, as intended.
        }
    }

    /// Stores a file in one call, which overwrites an earlier one in about half of the cases.
    private func putFile(_ names: String, using random: inout SeededGenerator) async throws {
        let name = "\(names)-put-\(random.happens(50) ? 0 : Int.random(in: 1..<1_000_000, using: &random))"
        let size = random.happens(10) ? 300_000 : Int.random(in: 0...5000, using: &random)
        let content = pseudoRandomBytes(seed: random.next(), count: size)
        onEvent(.end)
        ledger.fileBegins(name, content)
        try expect(201, try await api.putFile(name, content, onConflict: "overwrite"))
        ledger.fileAcknowledged(name, content)
        onEvent(.end)
    }

    /// Stores an archive with several files, some of which overwrite earlier ones.
    private func putArchive(_ names: String, using random: inout SeededGenerator) async throws {
        var tar = TarBuilder()
        var contents: [String: ByteBuffer] = [:]
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let name = "\(names)-archived-\(Int.random(in: 0..<100, using: &random))"
            guard contents[name] == nil else { continue }
            let size = random.happens(3) ? 1_200_000 : Int.random(in: 0...5000, using: &random)
            let content = pseudoRandomBytes(seed: random.next(), count: size)
            contents[name] = content
            tar.add(name, Array(content.readableBytesView))
            ledger.fileBegins(name, content)
        }
        onEvent(.end)
        let archive = tar.finished()
        let files = try await api.putArchive(archive, onConflict: "overwrite") { line in
            guard line["result"] == "created", let name = line["path"]?.scalarText, let content = contents[name] else {
                return
            }
            ledger.fileAcknowledged(name, content)
        }
        guard files == contents.count else {
            throw UnexpectedResponse(description: "\(files) of \(contents.count) files of an archive were stored")
        }
        onEvent(.end)
    }

    private func upload(_ plan: UploadPlan, order: [Int]) async throws {
        onEvent(.upload)
        let id = try await api.initialize(
            plan.name,
            size: plan.declaresSize ? plan.size : nil,
            partSize: plan.partSize,
            overwrite: plan.overwrite,
            extra: plan.extra
        )
        ledger.begins(id, plan)
        try await withThrowingTaskGroup { group in
            for lane in 0..<3 {
                group.addTask {
                    for index in stride(from: lane, to: order.count, by: 3) {
                        try await send(order[index], of: plan, to: id)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await end(plan, id)
    }

    private func send(_ number: Int, of plan: UploadPlan, to id: String) async throws {
        if plan.sentTwice.contains(number) { try await put(plan.otherPart(number), number, to: id) }
        try await put(plan.part(number), number, to: id)
        guard !plan.reportsAtComplete else { return }
        onEvent(.part)
        try expect(200, try await api.report(id, number, .string(tag(of: plan.part(number)))))
        ledger.reportAcknowledged(id, number)
    }

    private func put(_ bytes: ByteBuffer, _ number: Int, to id: String) async throws {
        let url = try await api.partURL(id, number)
        let tag = tag(of: bytes)
        ledger.putBegins(id, number, tag)
        onEvent(.part)
        let response = try await api.send(.PUT, url, bytes)
        try expect(200, response)
        guard response.headers.first(name: "ETag") == "\"\(tag)\"" else {
            throw UnexpectedResponse(description: "the ETag of part \(number) does not match its bytes")
        }
        ledger.putAcknowledged(id, number, tag)
    }

    private func end(_ plan: UploadPlan, _ id: String) async throws {
        onEvent(.end)
        if plan.isAborted {
            ledger.ends(id, .abortAsked)
            try expect(204, try await api.call(.DELETE, "/upload/multipart/\(id)"))
            ledger.ends(id, .aborted)
            onEvent(.end)
        } else {
            ledger.ends(id, .completeAsked)
            let response = try await api.complete(id, plan)
            try expect(201, response)
            let file = try response.text("id")
            ledger.ends(id, .completed(file: file))
            onEvent(.end)
            if plan.isDeleted { try await delete(file, of: id) }
        }
    }

    private func delete(_ file: String, of id: String) async throws {
        onEvent(.end)
        ledger.ends(id, .deleteAsked(file: file))
        try expect(204, try await api.call(.DELETE, "/files/\(file)"))
        ledger.ends(id, .deleted(file: file))
        onEvent(.end)
    }

    private func expect(_ status: Int, _ response: APIResponse) throws {
        guard response.status == status else {
            throw UnexpectedResponse(description: "\(response.status) \(String(buffer: response.body))")
        }
    }
}

extension APIClient {
    /// Stores an archive, and passes each line of the response to `body` as it arrives, even if the connection is lost
    /// later.
    ///
    /// - Returns: The number of stored files, from the summary line.
    func putArchive(
        _ archive: ByteBuffer,
        onConflict rule: String,
        _ body: (JSONValue) throws -> Void
    ) async throws -> Int {
        var request = HTTPClientRequest(
            url: "\(origin)/v2/upload/archive?project=admin/uploads&on_conflict=\(rule)"
        )
        request.method = .POST
        request.headers.add(name: "X-SBG-Auth-Token", value: token ?? "")
        request.body = .bytes(archive)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        var (text, files) = (ByteBuffer(), 0)
        for try await chunk in response.body {
            text.writeImmutableBuffer(chunk)
            while let end = text.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
                let line = text.readBytes(length: end - text.readerIndex + 1)
            {
                let value = try JSONDecoder().decode(JSONValue.self, from: Data(line))
                if let count = value["summary"]?["files"]?.integer { files = Int(count) } else { try body(value) }
            }
        }
        return files
    }

    /// Completes an upload according to its plan.
    func complete(_ upload: String, _ plan: UploadPlan) async throws -> APIResponse {
        guard plan.reportsAtComplete else { return try await complete(upload) }
        let parts = (1...plan.lengths.count).map { number -> JSONValue in
            [
                "part_number": .integer(Int64(number)),
                "response": ["headers": ["ETag": .string(tag(of: plan.part(number)))]],
            ]
        }
        return try await call(.POST, "/upload/multipart/\(upload)/complete", ["parts": .array(parts)])
    }
}
