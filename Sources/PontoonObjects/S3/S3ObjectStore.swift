package import Foundation
import NIOCore
package import PontoonCore

/// Keeps each upload as a multipart upload of a bucket, and each finished object as one object in it.
///
/// The bytes go straight between clients and the bucket, at presigned URLs. Any number of servers may use a bucket at once:
/// the store keeps nothing in memory. See docs/storage.md.
///
/// What it does not promise: parts that were sent and not reported are not seen; ``reopen(_:)`` cannot take an object apart
/// again, so that an upload whose file could not be committed can be completed again or aborted, but takes no more parts.
package struct S3ObjectStore: Sendable {
    let settings: S3Settings
    let client: S3Client
    let now: @Sendable () -> Date
    let abilities = S3Abilities()

    /// S3's own limit for all parts but the last: 5 MiB.
    package let minimumPartSize: Int64 = 5 << 20

    /// Connects when it is first used; ``check()`` tells whether that will work.
    ///
    /// - Parameters:
    ///   - settings: Where and how.
    ///   - credentials: Sign calls and URLs.
    ///   - now: The time, for signatures of this server's own calls.
    /// - Throws: ``S3SettingsError`` when the file of certificates cannot be read or URLs would live too long.
    package init(
        _ settings: S3Settings,
        credentials: S3Credentials,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        guard settings.urlLifetime >= .seconds(1), settings.urlLifetime <= .seconds(SigV4.longestLifetime) else {
            throw S3SettingsError("allows URLs that live for 1 second to 7 days only")
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

    /// What stands before the key in each name.
    var namePrefix: String { settings.prefix.isEmpty ? "" : settings.prefix + "/" }

    /// What is noted with an object.
    func headers(_ key: ObjectKey) -> [NamedValue] {
        [
            NamedValue("Content-Type", "application/octet-stream"),
            NamedValue(S3Client.markerHeader, key.rawValue),
        ]
    }

    /// Turns what the bucket refused into a refusal, whose cause is logged; what may pass by itself stays as it is.
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
    @discardableResult
    package func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        try await refusing(as: .noRoom, "The object store does not take the upload.") {
            let headers = headers(key) + abilities.uploadHeaders
            return UploadHandle(rawValue: try await client.createMultipartUpload(name(key), headers: headers))
        }
    }

    /// Nothing to take back: an object cannot become an upload again, and is found when complete is asked again.
    package func reopen(_ key: ObjectKey) async throws {}

    /// Nothing to let go of: the parts are the object.
    package func settle(_ key: ObjectKey) async throws {}

    package func discard(_ object: ObjectReference) async throws {
        if let handle = object.handle {
            try await client.abortMultipartUpload(name(object.key), uploadID: handle.rawValue)
        }
        // It may have been finished and not committed.
        try await client.deleteObject(name(object.key))
    }

    package func recover(open: Set<ObjectKey>) async throws {
        let youngest = now().addingTimeInterval(-settings.orphanAge.inSeconds)
        try await client.forEachOpenUpload(prefix: namePrefix) { uploads in
            for upload in uploads where upload.initiatedOn < youngest {
                // What has another name is not ours.
                guard let key = ObjectKey(String(upload.key.dropFirst(namePrefix.count))), !open.contains(key) else {
                    continue
                }
                try await client.abortMultipartUpload(upload.key, uploadID: upload.id)
            }
        }
    }

    package func openObject(_ key: ObjectKey) async throws -> any ObjectReader {
        try await refusing(as: .completeRefused, Self.noAnswer) {
            guard let info = try await client.headObject(name(key)) else {
                throw PontoonError(.fileNotFound, "The file's content does not exist any more.")
            }
            return S3ObjectReader(client: client, key: name(key), size: info.size)
        }
    }

    static let noAnswer = "The object store does not answer as it should."
}

/// Reads an object, each stretch in a request of its own.
struct S3ObjectReader: ObjectReader {
    /// Longest stretch of one request.
    private static let stretch = 8 << 20

    let client: S3Client
    let key: String
    let size: Int64

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let end = min(size, offset + Int64(min(count, Self.stretch)))
        guard offset < end else { return ByteBuffer() }
        return try await client.getObject(key, range: offset..<end)
    }

    func close() async {}
}
