import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("The S3 store with network failures", .timeLimit(.minutes(10)))
struct S3FaultTests {
    @Test("finishes an upload even if the response to a completion is lost")
    func retriedCompletion() async throws {
        try await withFaultyS3Store(attempts: 3) { harness, cutter in
            let (upload, part) = try await uploadOfOnePart(harness)
            cutter.cut("POST /")
            let object = try await harness.finish(upload, parts: [part])
            #expect(cutter.count == 1)
            #expect(object.size == 500)
            #expect(try await harness.content(upload.key)?.readableBytes == 500)
        }
    }

    @Test("finds the object on a retry after a lost response, but only if it has the same parts")
    func lostCompletion() async throws {
        try await withFaultyS3Store(attempts: 1) { harness, cutter in
            let (upload, part) = try await uploadOfOnePart(harness)
            cutter.cut("POST /")
            await #expect(throws: S3Unreachable.self) { try await harness.finish(upload, parts: [part]) }
            #expect(cutter.count == 1)
            // The server may still be working when the connection is cut.
            try await eventually("the upload has become an object") {
                try await harness.store.listParts(of: upload) == nil
            }
            #expect(try await harness.store.finishedObject(of: upload, etags: [part.etag])?.size == 500)
            let other = "0123456789abcdef0123456789abcdef"
            #expect(try await harness.store.finishedObject(of: upload, etags: [other]) == nil)
            #expect(try await harness.store.finishedObject(of: upload, etags: [part.etag, part.etag]) == nil)
        }
    }

    @Test("retries if a response is truncated", arguments: [0, 10, 150, 400])
    func truncatedResponse(_ bytes: Int) async throws {
        try await withFaultyS3Store(attempts: 3) { harness, cutter in
            let (upload, part) = try await uploadOfOnePart(harness)
            cutter.cut("GET /", afterBytes: bytes, times: 2)
            #expect(
                try await harness.store.listParts(of: upload)
                    == [ListedPart(number: part.number, size: 500, etag: part.etag)]
            )
            #expect(cutter.count == 2)
        }
    }

    @Test("fails with a temporary error after several attempts")
    func givesUp() async throws {
        try await withFaultyS3Store(attempts: 3) { harness, cutter in
            let (upload, _) = try await uploadOfOnePart(harness)
            cutter.cut("GET /", times: 100)
            await #expect(throws: S3Unreachable.self) { try await harness.store.listParts(of: upload) }
            #expect(cutter.count == 3)
        }
    }

    @Test("refuses to start uploads while the store is unreachable")
    func refusedConnection() async throws {
        let server = try await SeaweedFSServer.running()
        let settings = try s3Settings(server, port: 1)
        try await withS3Store(settings, credentials: s3Credentials(server)) { harness in
            await #expect(throws: S3Unreachable.self) { try await harness.store.prepare(.random(), size: 1) }
        }
    }

    @Test("continues reading after a truncated response")
    func truncatedRead() async throws {
        try await withFaultyS3Store(attempts: 3) { harness, cutter in
            let (upload, part) = try await uploadOfOnePart(harness)
            try await harness.finish(upload, parts: [part])
            let reader = try await harness.store.openObject(upload.key)
            cutter.cut("GET /", afterBytes: 600)
            #expect(try await reader.read(at: 0, count: 500) == ObjectStoreContract.bytes(500, salt: 1))
            #expect(cutter.count == 1)
        }
    }

    @Test("loses no data if the server is killed and restarted")
    func killedServer() async throws {
        let server = try await SeaweedFSServer.start()
        let settings = try s3Settings(server)
        try await withS3Store(settings, credentials: s3Credentials(server)) { harness in
            let (upload, part) = try await uploadOfOnePart(harness)
            try await server.kill()
            await #expect(throws: S3Unreachable.self) { try await harness.store.listParts(of: upload) }
            try await server.start()
            #expect(try await harness.store.listParts(of: upload)?.map(\.etag) == [part.etag])
            try await harness.finish(upload, parts: [part])
            try await server.kill()
            try await server.start()
            #expect(try await firstBytes(of: upload, in: harness) == ObjectStoreContract.bytes(500, salt: 1))
        }
        try await server.remove()
    }

    /// Reads the first 500 bytes of an object, with retries.
    ///
    /// After a start, SeaweedFS returns 500 until it has found its volumes.
    private func firstBytes(of upload: Upload, in harness: S3Harness) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        try await eventually("the object is readable") {
            do {
                bytes = try await harness.store.openObject(upload.key).read(at: 0, count: 500)
                return true
            } catch {
                return false
            }
        }
        return bytes
    }

    private func uploadOfOnePart(_ harness: S3Harness) async throws -> (Upload, PartRecord) {
        let upload = try await ObjectStoreContract.upload(in: harness)
        let bytes = ObjectStoreContract.bytes(500, salt: 1)
        return (upload, try await harness.send(bytes, as: try PartNumber(1), of: upload))
    }
}
