import Foundation
import Glibc
import Logging
import NIOCore
import PontoonCore
import PontoonServer
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

/// The file or pipe of the audit log: lines, rotation, reopening and failures.
@Suite(.timeLimit(.minutes(10)))
struct AuditLogTests {
    private static func entry(_ name: String) -> AuditEntry {
        AuditEntry(
            time: Date(timeIntervalSince1970: 1_795_000_000.5),
            action: .fileDelete,
            result: .success,
            status: 204,
            actor: AuditEntry.Actor(user: "admin", token: "0123456789ab"),
            address: "192.0.2.1",
            request: "id",
            object: AuditEntry.Object(id: "f", name: name, bytes: 7),
            suppressed: 0
        )
    }

    private static func names(_ path: FilePath) throws -> [String] {
        try String(contentsOfFile: path.string, encoding: .utf8).split(separator: "\n").map { line in
            let object = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
            return object.string("name") ?? "?"
        }
    }

    @Test("a line is one JSON object with the fields in a fixed order, whatever a name contains")
    func line() {
        let line = String(buffer: Self.entry("a\n\"b\"").line.bytes)
        let expected = """
            {"time":"2026-11-18T11:06:40.500Z","action":"file.delete","result":"success","status":204,"user":"admin",\
            "token":"0123456789ab","address":"192.0.2.1","request":"id","object":"f","name":"a\\n\\"b\\"","bytes":7}

            """
        #expect(line == expected)
    }

    @Test("only the owner can read the file, and lines are appended to those of earlier starts")
    func file() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("audit.log")
            for name in ["a", "b"] {
                let log = try AuditLog(.file(path), logger: Logger(label: "test"))
                log.record(Self.entry(name))
                await log.close()
                log.record(Self.entry("too late"))
                #expect(log.statistics == .init(written: 1, dropped: 1))
            }
            #expect(try Self.names(path) == ["a", "b"])
            let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("after another program has renamed the file, reopening begins a new one")
    func reopening() async throws {
        try await withTemporaryFolder { folder in
            let (path, old) = (folder.appending("audit.log"), folder.appending("old"))
            let log = try AuditLog(.file(path), logger: Logger(label: "test"))
            log.record(Self.entry("a"))
            try await eventually("a line is written") { log.statistics.written == 1 }
            try FileManager.default.moveItem(atPath: path.string, toPath: old.string)
            log.record(Self.entry("b"))
            try await eventually("two lines are written") { log.statistics.written == 2 }
            try await log.reopen()
            log.record(Self.entry("c"))
            await log.close()
            #expect(try Self.names(old) == ["a", "b"])
            #expect(try Self.names(path) == ["c"])
        }
    }

    /// Runs `body` with a log in a named pipe, of whose last line only the beginning has been written.
    ///
    /// `body` receives the log, its path, the reading end of the pipe, and the unfinished line.
    private func withUnfinishedLine(
        _ body: (AuditFile, FilePath, SystemPackage.FileDescriptor, _ line: String) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("audit.log")
            try #require(mkfifo(path.string, 0o600) == 0)
            let reader = try FileDescriptor.open(path, .readOnly, options: .nonBlocking)
            try reader.closeAfter {
                let file = try AuditFile(.file(path), maximumSize: nil)
                // This line is longer than the capacity of a pipe.
                let line = String(repeating: "x", count: 1 << 20) + "\n"
                let outcome = file.write(ByteBuffer(string: "a\n" + line))
                #expect(outcome.lostLines == 0)
                try body(file, path, reader, line)
            }
        }
    }

    /// Reads all bytes that a pipe contains, without waiting for more.
    private static func contents(_ pipe: SystemPackage.FileDescriptor) throws -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { buffer.deallocate() }
        var text = ""
        do {
            while case let count = try pipe.read(into: buffer), count > 0 {
                text += String(decoding: buffer.prefix(count), as: UTF8.self)
            }
        } catch Errno.resourceTemporarilyUnavailable {
            // The pipe is empty.
        }
        return text
    }

    @Test("a line that was only partly written is written again to the new file")
    func unfinishedLine() async throws {
        try await withUnfinishedLine { file, path, reader, line in
            try FileManager.default.moveItem(atPath: path.string, toPath: path.string + ".old")
            try file.reopen()
            #expect(file.write(ByteBuffer(string: "b\n")).lostLines == 0)
            #expect(try String(contentsOfFile: path.string, encoding: .utf8) == line + "b\n")
            #expect(try Self.contents(reader).hasPrefix("a\nxxx"))
        }
    }

    @Test("a line that was only partly written is completed if the same file is opened again")
    func unfinishedLineOfSameFile() async throws {
        try await withUnfinishedLine { file, _, reader, line in
            try file.reopen()
            var text = try Self.contents(reader)
            // Each write first continues the unfinished line, and adds the new line only when that is complete.
            while !text.hasSuffix("b\n") {
                let before = text.utf8.count
                _ = file.write(ByteBuffer(string: "b\n"))
                text += try Self.contents(reader)
                try #require(text.utf8.count > before)
            }
            #expect(text == "a\n" + line + "b\n")
        }
    }

    @Test("if the file cannot be reopened, the earlier one stays in use")
    func failedReopening() async throws {
        try await withTemporaryFolder { folder in
            let directory = folder.appending("logs")
            try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
            let log = try AuditLog(.file(directory.appending("audit.log")), logger: Logger(label: "test"))
            try FileManager.default.moveItem(atPath: directory.string, toPath: folder.appending("moved").string)
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await log.reopen() }
            log.record(Self.entry("a"))
            await log.close()
            #expect(try Self.names(folder.appending("moved/audit.log")) == ["a"])
        }
    }

    @Test("a file that would exceed its maximum size is renamed, and no line is lost")
    func rotation() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("audit.log")
            let log = try AuditLog(.file(path), maximumSize: 1000, logger: Logger(label: "test"))
            for number in 0..<50 {
                log.record(Self.entry("\(number)"))
                try await eventually("the line is written") { log.statistics.written == number + 1 }
            }
            await log.close()
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
            #expect(files.count > 5 && files[0] == "audit.log")
            var names: [String] = []
            for file in files.dropFirst() + ["audit.log"] {
                let path = folder.appending(file)
                let size = try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? Int
                #expect(try #require(size) <= 1000)
                names += try Self.names(path)
            }
            #expect(Set(names) == Set((0..<50).map { "\($0)" }) && names.count == 50)
        }
    }

    @Test("on a full disk, lines are dropped and counted, and one error is logged")
    func fullDisk() async throws {
        let lines = LogLines()
        let log = try AuditLog(.file("/dev/full"), logger: Logger(label: "test") { _ in lines })
        for number in 0..<3 {
            log.record(Self.entry("\(number)"))
            try await eventually("the line is dropped") { log.statistics.dropped == number + 1 }
        }
        await log.close()
        #expect(log.statistics == .init(written: 0, dropped: 3))
        let logged = lines.text.split(separator: "\n")
        #expect(logged.count == 1)
        #expect(logged.first?.hasPrefix("error audit log not written; lines are dropped") == true)
    }

    @Test("while a pipe is not read, lines are dropped and counted, and recording does not block")
    func stalledPipe() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("pipe")
            try #require(mkfifo(path.string, 0o600) == 0)
            // Without a reader, opening fails instead of waiting.
            #expect(throws: Errno.self) { try AuditLog(.file(path), logger: Logger(label: "test")) }
            let reader = try FileDescriptor.open(path, .readOnly, options: .nonBlocking)
            let log = try AuditLog(.file(path), logger: Logger(label: "test"))
            for number in 0..<5000 { log.record(Self.entry("\(number)")) }
            await log.close()
            let statistics = log.statistics
            #expect(statistics.written + statistics.dropped == 5000 && statistics.dropped > 0)
            try reader.close()
        }
    }
}
