import Foundation
package import PontoonCore

extension S3ObjectStore {
    package func recover(comparingWith records: any ObjectRecords) async throws {
        // The limit is determined before the records are read: an upload that starts later may be missing from the
        // records, but is too recent to be aborted, even if this server is suspended in between.
        let oldest = now().addingTimeInterval(-settings.orphanAge.inSeconds)
        try await abortOrphans(startedBefore: oldest, open: try await records.openUploadKeys())
        try await removeEmptyOrphans(createdBefore: oldest, records)
    }

    /// Aborts old multipart uploads whose keys belong to no open upload.
    private func abortOrphans(startedBefore time: Date, open: Set<ObjectKey>) async throws {
        try await client.forEachOpenUpload(prefix: namePrefix) { uploads in
            for upload in uploads where upload.initiatedOn < time {
                guard let key = key(upload.key), !open.contains(key) else { continue }
                try await client.abortMultipartUpload(upload.key, uploadID: upload.id)
            }
        }
    }

    /// Removes old empty objects without a record.
    ///
    /// An empty object has no record if the completion that created it failed before its commit, or if the request to
    /// create it arrived late. Other objects are never removed here: their keys are recorded before they are created,
    /// and deleting objects without a record would destroy files after the database was restored from an old backup.
    private func removeEmptyOrphans(createdBefore time: Date, _ records: any ObjectRecords) async throws {
        try await client.forEachObject(prefix: namePrefix + ObjectKey.emptyObjectPrefix) { objects in
            let old = objects.filter { $0.size == 0 && $0.modifiedOn < time }.compactMap { key($0.key) }
            let recorded = try await records.recordedObjects(among: old)
            for key in old where !recorded.contains(key) { try await client.deleteObject(name(key)) }
        }
    }
}
