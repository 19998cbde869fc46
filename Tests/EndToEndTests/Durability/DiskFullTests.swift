import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// A full disk, on which uploads are refused but other calls succeed.
///
/// An upload of known size is refused by the initialize call, and an upload of unknown size when a part does not fit.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct DiskFullTests {
    private static let mebibyte = 1 << 20
    private static let flags = smallParts + ["--reserved-space", "8MiB"]

    /// Runs `body` with a server on a disk of 64 MiB, with 8 MiB of reserved space.
    private func withSmallServer(
        _ options: String = "size=64m",
        arguments: [String] = flags,
        _ body: @Sendable (ServerProcess) async throws -> Void
    ) async throws {
        try await withSmallDisk(options) { disk in
            _ = try await withServer(ServerOptions(data: disk.appending("data"), arguments: arguments), body)
        }
    }

    @Test("a file that does not fit is rejected before its first byte and leaves no files")
    func knownSize() async throws {
        try await withSmallServer { server in
            let free = try freeBytes(server.data)
            let refused = try await initialize(server, "large", size: 60 << 20)
            server.expectRefusal(refused, 409, 90007)
            #expect(try server.unfinishedObjects() == [])
            #expect(try freeBytes(server.data) >= free - Self.mebibyte)
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
            try await expectUpload(server, "small")
        }
    }

    @Test("space is preallocated for an upload, so a second upload that would fit only alone is rejected")
    func heldRoom() async throws {
        try await withSmallServer { server in
            let first = try await server.api.initialize("first", size: 30 << 20, partSize: 30 << 20)
            server.expectRefusal(try await initialize(server, "second", size: 30 << 20), 409, 90007)
            let bytes = pseudoRandomBytes(seed: 1, count: 30 << 20)
            try await server.api.store(first, 1, bytes)
            let file = try await server.api.complete(first).text("id")
            #expect(try await server.api.download(file) == bytes)
            #expect(try await server.api.call(.DELETE, "/files/\(file)").status == 204)
            // The server may still be closing the file after the download.
            try await eventually("the deleted file's space is free") {
                try await initialize(server, "second", size: 30 << 20).status == 200
            }
        }
    }

    @Test("space preallocated for an idle upload is freed, and the upload can be continued once there is space again")
    func lapsed() async throws {
        try await withSmallServer(arguments: Self.flags + ["--reservation-lifetime", "1s"]) { server in
            let size = 30 << 20
            let idle = try await server.api.initialize("idle", size: size, partSize: 10 << 20)
            let first = pseudoRandomBytes(seed: 1, count: 10 << 20)
            try await server.api.store(idle, 1, first)
            let other = Mutex<String?>(nil)
            try await eventually("there is space for another upload") {
                let response = try await initialize(server, "other", size: 38 << 20)
                guard response.status == 200 else { return false }
                let id = try response.text("upload_id")
                other.withLock { $0 = id }
                return true
            }
            let upload = try #require(other.withLock { $0 })
            for number in 1...38 {
                try await server.api.store(upload, number, pseudoRandomBytes(seed: 9, count: 1 << 20))
            }
            let refused = try await server.api.put(idle, 2, pseudoRandomBytes(seed: 2, count: 10 << 20))
            server.expectRefusal(refused, 503, 8000)
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            for number in 2...3 {
                try await server.api.store(idle, number, pseudoRandomBytes(seed: UInt64(number), count: 10 << 20))
            }
            let bytes = try await server.api.download(try await server.api.complete(idle).text("id"))
            #expect(bytes.readableBytes == size && bytes.getSlice(at: 0, length: 10 << 20) == first)
            #expect(bytes.getSlice(at: 20 << 20, length: 10 << 20) == pseudoRandomBytes(seed: 3, count: 10 << 20))
        }
    }

    @Test("on a full disk, parts of an upload of unknown size get 503, other calls succeed, and abort frees the space")
    func unknownSize() async throws {
        try await withSmallServer { server in
            let kept = try await server.api.upload("kept", pseudoRandomBytes(seed: 2, count: 3 << 20))
            let (upload, stored) = try await fill(server)
            let free = try freeBytes(server.data)
            #expect(free >= 8 << 20 && free < 13 << 20, "\(free) bytes are free")

            #expect(try await server.api.download(kept).readableBytes == 3 << 20)
            #expect(try await server.api.call(.GET, "/files?project=admin/uploads").status == 200)
            let details = try await server.api.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
            guard case .array(let parts) = details["parts"] else { throw UnexpectedResponse(description: "no parts") }
            #expect(parts.count == stored)
            server.expectRefusal(try await initialize(server, "large", size: 30 << 20), 409, 90007)

            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try freeBytes(server.data) > 50 << 20)
            #expect(try server.unfinishedObjects() == [])
            let bytes = pseudoRandomBytes(seed: 3, count: 30 << 20)
            let file = try await server.api.upload("after", bytes)
            #expect(try await server.api.download(file) == bytes)
        }
    }

    @Test("an upload that filled the disk can be completed")
    func completeWhenFull() async throws {
        try await withSmallServer { server in
            let (upload, stored) = try await fill(server)
            let file = try await server.api.complete(upload)
            #expect(file.status == 201, "\(String(buffer: file.body))")
            #expect(file["size"] == .integer(Int64(stored * 4 << 20)))
            let bytes = try await server.api.download(try file.text("id"))
            for number in 1...stored {
                let slice = bytes.getSlice(at: (number - 1) * 4 << 20, length: 4 << 20)
                #expect(slice == pseudoRandomBytes(seed: UInt64(number), count: 4 << 20), "part \(number)")
            }
        }
    }

    @Test("parts that cannot be copied for lack of space leave the upload usable")
    func rewriteWhenFull() async throws {
        try await withSmallServer { server in
            let upload = try await server.api.initialize("moved", size: nil, partSize: 10 << 20)
            for number in 1...4 {
                // Each part is shorter than its in-place region, so completing the upload requires moving all parts but
                // the first.
                try await server.api.store(upload, number, pseudoRandomBytes(seed: UInt64(number), count: 9 << 20))
            }
            server.expectRefusal(try await server.api.complete(upload), 409, 8007)
            #expect(try server.unfinishedObjects().count == 1)
            for number in 2...4 {
                try await server.api.store(upload, number, pseudoRandomBytes(seed: UInt64(number), count: 1 << 20))
            }
            let file = try await server.api.complete(upload)
            #expect(file.status == 201 && file["size"] == .integer(12 << 20), "\(String(buffer: file.body))")
        }
    }

    @Test("concurrent parts on a full disk are each stored completely or rejected")
    func manyAtOnce() async throws {
        try await withSmallServer { server in
            let upload = try await server.api.initialize("many", size: nil, partSize: 4 << 20)
            let stored = try await withThrowingTaskGroup(of: Int?.self) { group in
                for number in 1...24 {
                    group.addTask {
                        let bytes = pseudoRandomBytes(seed: UInt64(number), count: 4 << 20)
                        let response = try await server.api.put(upload, number, bytes)
                        #expect([200, 503].contains(response.status), "\(String(buffer: response.body))")
                        return response.status == 200 ? number : nil
                    }
                }
                return try await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
            }
            #expect(!stored.isEmpty && stored.count < 14)
            for number in stored {
                let reported = try await server.api.report(upload, number, .string(partTag(number)))
                #expect(reported.status == 200, "part \(number)")
            }
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            try await expectUpload(server, "after")
        }
    }

    @Test("a disk without free inodes is handled like a full disk, and recovers once inodes are free")
    func noInodes() async throws {
        try await withSmallServer("size=64m,nr_inodes=64") { server in
            let open = try await server.api.initialize("open", size: nil, partSize: 1 << 20)
            try await server.api.store(open, 1, pseudoRandomBytes(seed: 1, count: 1 << 20))
            let fillers = try useAllInodes(server.data)
            server.expectRefusal(try await initialize(server, "known", size: 1000), 409, 90007, "initialize")
            let oversized = try await server.api.put(open, 2, pseudoRandomBytes(seed: 2, count: (1 << 20) + 1))
            server.expectRefusal(oversized, 503, 8000, "a part that needs a separate file")
            #expect(oversized.headers["Retry-After"] == ["1"])
            #expect(try await server.api.call(.GET, "/user").status == 200)
            // A part that is written in place needs no new file.
            try await server.api.store(open, 2, pseudoRandomBytes(seed: 2, count: 1 << 20))
            server.expectRefusal(try await server.api.complete(open), 409, 8007, "complete")
            for filler in fillers { try FileManager.default.removeItem(atPath: filler) }
            #expect(try await server.api.complete(open).status == 201)
            try await expectUpload(server, "after")
        }
    }

    // MARK: Steps

    private func initialize(_ server: ServerProcess, _ name: String, size: Int) async throws -> APIResponse {
        let body: JSONValue = [
            "project": "admin/uploads", "name": .string(name), "size": .integer(Int64(size)), "part_size": 1_048_576,
        ]
        return try await server.api.call(.POST, "/upload/multipart", body)
    }

    /// Sends and reports parts of 4 MiB until one is refused.
    ///
    /// - Returns: The upload's id, and the number of its stored parts.
    private func fill(_ server: ServerProcess) async throws -> (upload: String, stored: Int) {
        let upload = try await server.api.initialize("filling", size: nil, partSize: 4 << 20)
        for number in 1...16 {
            let response = try await server.api.put(
                upload,
                number,
                pseudoRandomBytes(seed: UInt64(number), count: 4 << 20)
            )
            guard response.status == 200 else {
                server.expectRefusal(response, 503, 8000)
                #expect(response.headers["Retry-After"] == ["1"])
                let vouched = try await server.api.report(upload, number, .string(partTag(number)))
                server.expectRefusal(vouched, 400, 8014)
                return (upload, number - 1)
            }
            #expect(try await server.api.report(upload, number, .string(partTag(number))).status == 200)
        }
        throw UnexpectedResponse(description: "64 MiB fitted on a disk of 64 MiB")
    }

    private func partTag(_ number: Int) -> String {
        tag(of: pseudoRandomBytes(seed: UInt64(number), count: 4 << 20))
    }

    private func expectUpload(_ server: ServerProcess, _ name: String) async throws {
        let bytes = pseudoRandomBytes(seed: 9, count: 2 << 20)
        let file = try await server.api.upload(name, bytes)
        #expect(try await server.api.download(file) == bytes)
    }

    /// Creates files until no inode is free, and returns their paths.
    private func useAllInodes(_ folder: FilePath) throws -> [String] {
        for number in 0..<1000 {
            let path = folder.appending("filler-\(number)")
            do {
                try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite).close()
            } catch Errno.noSpace {
                return (0..<number).map { folder.appending("filler-\($0)").string }
            }
        }
        throw UnexpectedResponse(description: "the disk has no end of inodes")
    }
}
