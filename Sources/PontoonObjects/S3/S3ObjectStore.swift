package import Foundation
import NIOCore
package import PontoonCore

/// The object store in an S3 bucket.
///
/// An upload is a multipart upload, and a finished object is an object of the bucket. Clients transfer bytes directly
/// to and from the bucket, at presigned URLs. Any number of servers may share a bucket, because the store keeps nothing
/// about uploads in memory. See docs/storage.md.
///
/// Parts that were sent but not reported are not included in the object. An object cannot be split into parts again, so
/// an upload whose file could not be committed can be completed again or aborted, but accepts no more parts.
package struct S3ObjectStore: Sendable {
    let settings: S3Settings
    let client: S3Client
    let now: @Sendable () -> Date
    let capabilities = S3Capabilities()

    /// S3's minimum size of all parts but the last: 5 MiB.
    package let minimumPartSize: Int64 = 5 << 20

    /// Creates a store without connecting to it; ``check()`` verifies that the bucket can be used.
    ///
    /// - Parameters:
    ///   - settings: Location of the store, timeouts and retries.
    ///   - credentials: Credentials that sign requests and URLs.
    ///   - now: Returns the current time, for signatures of this server's own requests.
    /// - Throws: ``S3SettingsError`` if the `ca-file` cannot be read or the URL lifetime is out of range.
    package init(
        _ settings: S3Settings,
        credentials: S3Credentials,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        guard settings.urlLifetime >= .seconds(1), settings.urlLifetime <= .seconds(SigV4.longestLifetime) else {
            throw S3SettingsError("allows only URL lifetimes from 1 second to 7 days")
        }
        self.settings = settings
        self.now = now
        do {
            client = try S3Client(settings, credentials: credentials, now: now)
        } catch {
            throw S3SettingsError("has a 'ca-file' that cannot be read: \(error)")
        }
    }

    /// Closes all connections.
    package func shutDown() async throws { try await client.shutDown() }

    /// Returns an object's name in the bucket: the prefix, followed by the object's key.
    func name(_ key: ObjectKey) -> String { namePrefix + key.rawValue }

    /// The prefix of all object names, ending in a slash unless it is empty.
    var namePrefix: String { settings.prefix.isEmpty ? "" : settings.prefix + "/" }

    /// Returns the headers for creating an object; a marker identifies the object as Pontoon's.
    func headers(_ key: ObjectKey) -> [NamedValue] {
        [
            NamedValue("Content-Type", "application/octet-stream"),
            NamedValue(S3Client.markerHeader, key.rawValue),
        ]
    }

    /// Runs `body`, and converts permanent errors of the store to a refusal.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: ``PontoonError`` with `code`, `message` and the store's error as its cause; other errors unchanged.
    func refusing<Value>(
        as code: PontoonError.Code,
        _ message: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error where (error is S3Error || error is S3UnexpectedResponse) && !S3Retry.isTransient(error) {
            throw PontoonError(code, message, cause: error)
        }
    }
}

extension S3ObjectStore: PresignedObjectStore {
    /// Does nothing, because a deletion is durable when the bucket confirms it.
    package func makeDiscardsDurable() async throws {}

    /// Checks that the bucket exists and the credentials are valid, without retries, because the caller retries.
    package func ping() async throws { _ = try await client.sendOnce(S3Request("HEAD", nil)) }

    @discardableResult
    package func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        try await refusing(as: .noRoom, "The object store refused to start the upload.") {
            let headers = headers(key) + capabilities.uploadHeaders
            return UploadHandle(rawValue: try await client.createMultipartUpload(name(key), headers: headers))
        }
    }

    package func discard(_ object: ObjectReference) async throws {
        if let handle = object.handle {
            try await client.abortMultipartUpload(name(object.key), uploadID: handle.rawValue)
        }
        // The object of an unfinished upload is deleted too, because it may exist although its file was not committed.
        try await client.deleteObject(name(object.key))
    }

    package func openObject(_ key: ObjectKey) async throws -> any ObjectReader {
        try await refusing(as: .completeRefused, Self.unexpectedResponse) {
            guard let info = try await client.headObject(name(key)) else {
                throw PontoonError(.fileNotFound, "The file's content no longer exists.")
            }
            return S3ObjectReader(client: client, key: name(key), size: info.size)
        }
    }

    static let unexpectedResponse = "The object store returned an unexpected response."
}

/// A reader of an object that sends one request for each read.
struct S3ObjectReader: ObjectReader {
    /// Maximum number of bytes per request.
    private static let longestRead = 8 << 20

    let client: S3Client
    let key: String
    let size: Int64

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let end = min(size, offset + Int64(min(count, Self.longestRead)))
        guard offset < end else { return ByteBuffer() }
        return try await client.getObject(key, range: offset..<end)
    }

    func close() async {}
}
