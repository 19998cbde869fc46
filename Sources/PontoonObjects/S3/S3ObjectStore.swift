package import Foundation
import NIOCore
package import PontoonCore

/// Stores each upload as a multipart upload of a bucket, and each finished object as one object in it.
///
/// Bytes pass between clients and the bucket, at presigned URLs. Any number of servers may share a bucket, because the
/// store keeps no state in memory. See docs/storage.md.
///
/// Parts that were sent but not reported are not included. An object cannot be turned back into parts: an upload whose
/// file could not be committed can be completed again or aborted, but accepts no more parts.
package struct S3ObjectStore: Sendable {
    let settings: S3Settings
    let client: S3Client
    let now: @Sendable () -> Date
    let capabilities = S3Capabilities()

    /// S3's own limit for all parts but the last: 5 MiB.
    package let minimumPartSize: Int64 = 5 << 20

    /// Connects with the first request; ``check()`` verifies that requests succeed.
    ///
    /// - Parameters:
    ///   - settings: Location of the store, timeouts and retries.
    ///   - credentials: Credentials that sign requests and URLs.
    ///   - now: The current time, for signatures of this server's own requests.
    /// - Throws: ``S3SettingsError`` if the certificates cannot be read or the lifetime of URLs is out of range.
    package init(
        _ settings: S3Settings,
        credentials: S3Credentials,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        guard settings.urlLifetime >= .seconds(1), settings.urlLifetime <= .seconds(SigV4.longestLifetime) else {
            throw S3SettingsError("allows a URL lifetime of 1 second to 7 days only")
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

    /// Name of an object in the bucket.
    func name(_ key: ObjectKey) -> String { namePrefix + key.rawValue }

    /// Prefix of every object's name.
    var namePrefix: String { settings.prefix.isEmpty ? "" : settings.prefix + "/" }

    /// Headers of every object; the marker identifies it as Pontoon's.
    func headers(_ key: ObjectKey) -> [NamedValue] {
        [
            NamedValue("Content-Type", "application/octet-stream"),
            NamedValue(S3Client.markerHeader, key.rawValue),
        ]
    }

    /// Converts permanent errors of the bucket to a refusal with the error as its cause; transient errors pass
    /// unchanged.
    func refusing<Value>(
        as code: PontoonError.Code,
        _ message: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error where (error is S3Error || error is S3BadAnswer) && !S3Retry.isTransient(error) {
            throw PontoonError(code, message, cause: error)
        }
    }
}

extension S3ObjectStore: PresignedObjectStore {
    /// One attempt without retries, because the caller retries.
    package func ping() async throws { _ = try await client.sendOnce(S3Request("HEAD", nil)) }

    @discardableResult
    package func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        try await refusing(as: .noRoom, "The object store refuses the upload.") {
            let headers = headers(key) + capabilities.uploadHeaders
            return UploadHandle(rawValue: try await client.createMultipartUpload(name(key), headers: headers))
        }
    }

    package func discard(_ object: ObjectReference) async throws {
        if let handle = object.handle {
            try await client.abortMultipartUpload(name(object.key), uploadID: handle.rawValue)
        }
        // The upload may have been finished but not committed.
        try await client.deleteObject(name(object.key))
    }

    package func recover(open: Set<ObjectKey>) async throws {
        let youngest = now().addingTimeInterval(-settings.orphanAge.inSeconds)
        try await client.forEachOpenUpload(prefix: namePrefix) { uploads in
            for upload in uploads where upload.initiatedOn < youngest {
                // Uploads with other names do not belong to Pontoon.
                guard let key = ObjectKey(String(upload.key.dropFirst(namePrefix.count))), !open.contains(key) else {
                    continue
                }
                try await client.abortMultipartUpload(upload.key, uploadID: upload.id)
            }
        }
    }

    package func openObject(_ key: ObjectKey) async throws -> any ObjectReader {
        try await refusing(as: .completeRefused, Self.badAnswer) {
            guard let info = try await client.headObject(name(key)) else {
                throw PontoonError(.fileNotFound, "The file's content does not exist any more.")
            }
            return S3ObjectReader(client: client, key: name(key), size: info.size)
        }
    }

    static let badAnswer = "The object store gave an unexpected answer."
}

/// Reads an object; every read is one request.
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
