import Foundation
import Logging
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonApp

/// Log lines about requests, and the JSON format of log lines.
@Suite(.timeLimit(.minutes(10)))
struct LogTests {
    @Test("a JSON line has the time, the level, the message and all metadata, and values cannot begin a new line")
    func json() throws {
        let written = Mutex<[ByteBuffer]>([])
        var logger = Logger(label: "pontoond") { label in
            JSONLogHandler(label: label) { line in written.withLock { $0.append(line) } }
        }
        logger[metadataKey: "request.id"] = "r"
        logger.notice(
            "a\nmessage",
            metadata: ["text": "x\n\"y\"", "list": ["1", "2"], "nested": ["a": "b"], "level": "loud"]
        )
        logger.debug("not logged")
        let lines = written.withLock { $0 }.map { String(buffer: $0) }
        try #require(lines.count == 1)
        #expect(lines[0].hasSuffix("}\n") && lines[0].dropLast().allSatisfy { $0 != "\n" })
        guard case .object(var fields) = try JSONDecoder().decode(JSONValue.self, from: Data(lines[0].utf8)) else {
            return #expect(Bool(false), "not an object")
        }
        let time = fields.removeValue(forKey: "time")
        guard case .string(let text) = time else { return #expect(Bool(false), "no time") }
        #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(
            fields == [
                "level": "notice", "message": "a\nmessage", "logger": "pontoond", "request.id": "r",
                "text": "x\n\"y\"", "list": ["1", "2"], "nested": ["a": "b"], "metadata.level": "loud",
            ]
        )
    }

    @Test(
        "a logger's metadata is added to its messages, a message's own takes precedence, and copies are independent"
    )
    func metadata() {
        let written = Mutex<[String]>([])
        var logger = Logger(label: "pontoond") { label in
            AdjustableLogHandler(
                JSONLogHandler(label: label) { line in written.withLock { $0.append(String(buffer: line)) } },
                level: LogLevel(.info)
            )
        }
        logger[metadataKey: "a"] = "logger"
        var copy = logger
        copy[metadataKey: "a"] = nil
        copy[metadataKey: "b"] = "copy"
        logger.info("1", metadata: ["c": "message"])
        logger.info("2", metadata: ["a": "message"])
        copy.info("3")
        let lines = written.withLock { $0 }
        let expected = [["\"a\":\"logger\"", "\"c\":\"message\""], ["\"a\":\"message\""], ["\"b\":\"copy\""]]
        #expect(lines.count == 3)
        for (line, fields) in zip(lines, expected) {
            #expect(fields.allSatisfy { line.contains($0) }, "\(line)")
        }
        #expect(lines.last?.contains("\"a\"") == false)
    }

    @Test("the line of a request names the route, the address, the user, the bytes and the ids in its path")
    func access() async throws {
        try await withTestServer(.live, arguments: ["--log-level", "info"]) { server in
            let upload = try await server.api.initialize("a", size: 3)
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let file = try await server.api.complete(upload).text("id")
            _ = try await server.api.download(file)
            try await eventually("the download is logged") { server.log.contains("/storage/files/") }
            let lines = server.log.split(separator: "\n").filter { $0.hasPrefix("info request ") }
            func line(_ route: String) throws -> String {
                String(try #require(lines.first { $0.contains("\"route\": \(route)") }, "\(route)"))
            }
            let part = try line("/storage/parts/{upload_id}/{part_number}")
            for field in [
                "\"received\": 3", "\"upload.id\": \(upload)", "\"part.number\": 1", "\"address\": 127.0.0.1",
            ] {
                #expect(part.contains(field), "\(field): \(part)")
            }
            let completed = try line("/v2/upload/multipart/{upload_id}/complete")
            for field in ["\"user\": admin", "\"status\": 201", "\"upload.id\": \(upload)"] {
                #expect(completed.contains(field), "\(field): \(completed)")
            }
            let download = try line("/storage/files/{file_id}")
            for field in ["\"sent\": 3", "\"file.id\": \(file)"] { #expect(download.contains(field), "\(download)") }
        }
    }

    @Test("a call that takes longer than --slow-request is logged at the default level, but a transfer is not")
    func slow() async throws {
        for (limit, isSlow) in [("0s", true), ("1d", false)] {
            try await withTestServer(.live, arguments: ["--slow-request", limit]) { server in
                let file = try await server.api.uploadSmall("a")
                _ = try await server.api.download(file)
                try await eventually("the download is counted") {
                    try server.metrics().contains("route=\"/storage/files/{file_id}\",status=\"200\"} 1")
                }
                let lines = server.log.split(separator: "\n").filter { $0.hasPrefix("notice slow request") }
                #expect(lines.contains { $0.contains("/v2/upload/multipart/{upload_id}/complete") } == isSlow)
                #expect(!lines.contains { $0.contains("/storage/") })
                #expect(try server.metrics().contains("pontoon_slow_requests_total \(lines.count)\n"))
            }
        }
    }
}
