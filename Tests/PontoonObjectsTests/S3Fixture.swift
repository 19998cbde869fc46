import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

/// A store with a new prefix on the S3 server of this process, and the requests that clients send to it.
struct S3Harness: ObjectStoreHarness {
    let store: S3ObjectStore
    let partSize: Int64 = 5 << 20

    func send(_ bytes: ByteBuffer, as number: PartNumber, of upload: Upload) async throws -> PartRecord {
        let request = try store.partRequest(for: upload, part: number, now: Date())
        let response = try await fetch(request.method, request.url, body: bytes)
        try #require(response.status == 200, "\(response.bodyText)")
        return PartRecord(
            number: number,
            size: Int64(bytes.readableBytes),
            etag: ETag.unquoted(try #require(response.headers.first(name: "etag"))),
            crc64: nil,
            location: .remote,
            storedOn: Date(timeIntervalSince1970: 0),
            isReported: true
        )
    }

    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        let listed = try parts.map { part in
            ListedPart(number: part.number, size: try #require(part.size), etag: part.etag)
        }
        if listed.allSatisfy({ $0.size == 0 }) { return try await store.createEmptyObject(upload.key) }
        return try await store.finish(upload, parts: listed)
    }

    /// Does nothing, because an object in S3 cannot become parts again.
    func revertFinish(_ key: ObjectKey) async throws {}

    func cleanUp(_ key: ObjectKey) async throws {}

    func content(_ key: ObjectKey) async throws -> ByteBuffer? {
        let file = File(
            id: "f",
            name: "n",
            kind: .file,
            project: ProjectID(owner: "u", shortName: "p"),
            parent: "d",
            content: FileContent(key: key, size: 0, crc64: nil, md5: nil),
            createdOn: Date()
        )
        let request = try store.downloadRequest(for: file, now: Date())
        let response = try await fetch(request.method, request.url)
        return response.status == 404 ? nil : response.body
    }
}

/// Returns an arbitrary base URL.
///
/// URLs of an S3 store do not depend on the address of the Pontoon server.
func anyBase() throws -> BaseURL { try #require(BaseURL("http://127.0.0.1:1")) }

/// Sends an HTTP request as a client does, without a token.
func fetch(
    _ method: String,
    _ url: String,
    headers: HTTPHeaders = [:],
    body: ByteBuffer? = nil
) async throws -> APIResponse {
    try await APIClient(origin: "").send(HTTPMethod(rawValue: method), url, body, headers: headers)
}

/// Returns settings for a new prefix on a server.
func s3Settings(_ server: SeaweedFSServer, port: Int? = nil, bucket: String? = nil) throws -> S3Settings {
    let prefix = UUID().uuidString.lowercased()
    return try S3Settings(
        url: "s3://\(bucket ?? server.bucket)/tests/\(prefix)?endpoint=http://127.0.0.1:\(port ?? server.port)"
    )
}

/// Returns valid credentials for a server.
func s3Credentials(_ server: SeaweedFSServer) -> S3Credentials {
    S3Credentials(accessKeyID: server.accessKeyID, secretAccessKey: server.secretAccessKey)
}

/// Runs `body` with a store with a new prefix on the S3 server of this process.
@discardableResult
func withS3Store<Value>(
    change: (inout S3Settings) -> Void = { _ in },
    credentials: S3Credentials? = nil,
    now: @escaping @Sendable () -> Date = { Date() },
    _ body: (S3Harness) async throws -> Value
) async throws -> Value {
    let server = try await SeaweedFSServer.running()
    var settings = try s3Settings(server)
    change(&settings)
    return try await withS3Store(settings, credentials: credentials ?? s3Credentials(server), now: now, body)
}

/// Runs `body` with a store that has these settings.
@discardableResult
func withS3Store<Value>(
    _ settings: S3Settings,
    credentials: S3Credentials,
    now: @escaping @Sendable () -> Date = { Date() },
    _ body: (S3Harness) async throws -> Value
) async throws -> Value {
    let store = try S3ObjectStore(settings, credentials: credentials, now: now)
    do {
        let value = try await body(S3Harness(store: store))
        try await store.shutDown()
        return value
    } catch {
        try await store.shutDown()
        throw error
    }
}

/// Runs `body` with a store that reaches the S3 server through a fault injection proxy.
@discardableResult
func withFaultyS3Store<Value: Sendable>(
    attempts: Int,
    _ body: @Sendable (S3Harness, ResponseCutter) async throws -> Value
) async throws -> Value {
    let server = try await SeaweedFSServer.running()
    let cutter = ResponseCutter()
    return try await FaultInjectionProxy.with(port: server.port, fault: { _ in .cutResponses(cutter) }) { proxy in
        var settings = try s3Settings(server, port: proxy.port)
        settings.attempts = attempts
        settings.publicEndpoint = try #require(S3Endpoint(server.endpoint))
        return try await withS3Store(settings, credentials: s3Credentials(server)) { try await body($0, cutter) }
    }
}
