import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

/// The use cases of a server with an S3 store and therefore without a data plane.
struct S3Server {
    let harness: S3Harness
    let metadata: SQLMetadataStore
    let uploads: Uploads
    let fixture: MetadataFixture

    var user: Caller { Caller(fixture.user) }
    var store: S3ObjectStore { harness.store }

    func begin(
        _ name: String = "a.bam",
        size: Int64?,
        partSize: Int64? = 5 << 20,
        md5: String? = nil,
        overwrite: Bool = false
    ) async throws -> Upload {
        let content = DeclaredContent(name: name, size: size, requestedPartSize: partSize, md5: md5)
        return try await uploads.initialize(
            content,
            in: .project(fixture.project.id),
            rule: overwrite ? .overwrite : .fail,
            caller: user
        )
    }

    /// Sends a part to the URL of its part info.
    ///
    /// - Returns: The ETag as received, in quotes.
    func put(_ bytes: ByteBuffer, _ number: Int, of upload: Upload) async throws -> String {
        let info = try await uploads.partInfo(try PartNumber(number), of: upload.id, caller: user, base: anyBase())
        let response = try await fetch(info.method, info.url, body: bytes)
        try #require(response.status == 200, "\(response.bodyText)")
        return try #require(response.headers.first(name: "etag"))
    }

    func report(_ number: Int, _ etag: String, of upload: Upload) async throws {
        let report = PartReport(number: try PartNumber(number), etag: etag)
        try await uploads.report([report], of: upload.id, caller: user)
    }

    /// Sends and reports parts, numbered from 1.
    func send(_ parts: [ByteBuffer], of upload: Upload) async throws {
        for (index, bytes) in parts.enumerated() {
            try await report(index + 1, try await put(bytes, index + 1, of: upload), of: upload)
        }
    }

    func complete(_ upload: Upload, reports: [PartReport] = []) async throws -> File {
        try await uploads.complete(upload.id, reports: reports, caller: user)
    }

    /// Downloads a file as a client does.
    func content(_ file: File) async throws -> ByteBuffer {
        let request = try store.downloadRequest(for: file, now: Date())
        let response = try await fetch(request.method, request.url)
        try #require(response.status == 200, "\(response.bodyText)")
        return response.body
    }

    /// Returns all files in the project's root.
    func files() async throws -> [File] {
        try await metadata.files(in: fixture.root, filter: FileFilter(), window: .page(.all)).items
    }

    /// Returns the maintenance of a server that does not share these stores with other servers.
    func maintenance() -> Maintenance {
        Maintenance(
            metadata: metadata,
            storage: .presigned(store),
            completion: uploads.completion,
            keys: KeyRing(store: metadata, rotationInterval: .seconds(60), urlLifetime: .seconds(60)),
            uploadLifetime: .seconds(60)
        )
    }

    /// Removes discarded objects from the bucket.
    func collectGarbage() async throws {
        let errors = await GarbageCollector(metadata: metadata, objects: store).collect()
        #expect(errors.isEmpty)
    }
}

/// Runs `body` with the use cases over an empty database and a new prefix on the S3 server of this process.
func withS3Server(_ body: (S3Server) async throws -> Void) async throws {
    try await withS3Store { try await withS3Server($0, body) }
}

/// Runs `body` with the use cases over an empty database and a store.
func withS3Server(_ harness: S3Harness, _ body: (S3Server) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "metadata.sqlite").path
    let metadata = try await SQLMetadataStore.open(SQLiteSettings(path: path, durability: .os))
    let fixture = try await MetadataFixture(in: metadata)
    let uploads = Uploads(
        metadata: metadata,
        storage: .presigned(harness.store),
        // An operator may set this for tests; the bucket's own limit still applies.
        sizing: PartSizing(minimumPartSize: 1)
    )
    try await body(S3Server(harness: harness, metadata: metadata, uploads: uploads, fixture: fixture))
    try await metadata.close()
}
