import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Interrupted, resumed and concurrent runs of `pontoon upload`, and files that change during or between runs.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd))
struct ResumeTests {
    private static let partSize = 5 << 20

    @Test("a killed upload that is run again sends no acknowledged part twice", arguments: 1...20)
    func killed(round: Int) async throws {
        try await killAndRepeat(round: round, on: .embedded)
    }

    @Test("an interrupted upload exits with 130 and can be resumed")
    func interrupted() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10 * Self.partSize).string
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let first = try await user.upload("--part-size", "5M", path) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGINT) }
                }
                #expect(first.code == 130, "\(first)")
                valve.discard()
                let second = try await user.upload("--part-size", "5M", path)
                #expect(second.code == 0, "\(second)")
                #expect(Set(first.parts).isDisjoint(with: second.parts), "\(first)\n\(second)")
                #expect(second.all("uploaded").first?.number("resumed_bytes") ?? 0 >= Self.partSize)
                #expect(try await server.api.content("f").readableBytes == 10 * Self.partSize)
            }
        }
    }

    @Test("--upload-id continues an upload that another client started")
    func adopted() async throws {
        try await withPontoon { server, user in
            let size = 3 * Self.partSize + 5
            let path = try user.makeFile("f", size: size).string
            let content = testBytes(seed: 7, count: size)
            let upload = try await server.api.initialize("f", size: size)
            try await server.api.store(
                upload,
                2,
                try #require(content.getSlice(at: Self.partSize, length: Self.partSize))
            )
            // These bytes differ from the file's, so the client must detect this and send the part again.
            try await server.api.store(upload, 1, ByteBuffer(repeating: 1, count: Self.partSize))
            let run = try await user.upload("--upload-id", upload, path)
            #expect(run.code == 0, "\(run)")
            #expect(Set(run.parts) == [1, 3, 4])
            #expect(try await server.api.content("f") == content)
        }
    }

    @Test("the upload of a replaced file starts over, and the old upload is aborted")
    func replaced() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * Self.partSize).string
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let first = try await user.upload("--part-size", "5M", path) { event, pid in
                    if event.kind == "part" { kill(pid, SIGKILL) }
                }
                #expect(first.code == nil)
                valve.discard()
                try user.makeFile("f", size: 6 * Self.partSize, seed: 8)
                let second = try await user.upload("--part-size", "5M", path)
                #expect(second.code == 0, "\(second)")
                #expect(second.parts.count == 6)
                #expect(try await server.api.content("f") == testBytes(seed: 8, count: 6 * Self.partSize))
                #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
            }
        }
    }

    @Test(
        "a file that changes during its upload is detected before the upload is completed",
        arguments: ["grown", "truncated", "touched", "written", "replaced", "removed"]
    )
    func changed(how: String) async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * Self.partSize)
            let run = try await user.held(at: "PUT ", passes: 2, server) { user, valve in
                let seen = Counter()
                return try await user.upload("--part-size", "5M", "--parallel", "1", path.string) { event, _ in
                    guard event.kind == "part", seen.next() == 1 else { return }
                    try change(path, how)
                    valve.release()
                }
            }
            #expect(run.code == 8, "\(run)")
            let failure = try #require(run.all("failed").first)
            #expect(failure.text("code") == "file_changed", "\(run)")
            #expect(failure.text("message")?.contains(path.string) == true)
            let files = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(files["items"] == [])
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
        }
    }

    @Test("two processes do not upload the same file at the same time")
    func locked() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 4 * Self.partSize).string
            let inner = Inner()
            let run = try await user.held(at: "PUT ", server) { user, valve in
                try await user.upload("--part-size", "5M", path) { event, _ in
                    guard event.kind == "started" else { return }
                    inner.run = try await user.upload(path)
                    valve.release()
                }
            }
            #expect(run.code == 0, "\(run)")
            #expect(inner.run?.code == 9, "\(String(describing: inner.run))")
        }
    }

    private func change(_ path: FilePath, _ how: String) throws {
        let url = URL(filePath: path.string)
        switch how {
        case "removed": try FileManager.default.removeItem(at: url)
        case "replaced":
            let other = URL(filePath: path.string + ".new")
            try (Data(contentsOf: url) + [1]).write(to: other)
            try #require(rename(other.path, url.path) == 0)
        case "touched":
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -5)],
                ofItemAtPath: path.string
            )
        default:
            let file = try FileHandle(forUpdating: url)
            defer { try? file.close() }
            switch how {
            case "grown":
                try file.seekToEnd()
                try file.write(contentsOf: Data("more".utf8))
            case "truncated": try file.truncate(atOffset: UInt64(3 * Self.partSize))
            default: try file.write(contentsOf: Data("other".utf8))
            }
        }
    }
}
