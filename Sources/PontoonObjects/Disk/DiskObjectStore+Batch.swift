import NIOCore
package import PontoonCore
import SystemPackage

/// Storing several objects in one call.
///
/// The bytes of several objects are written before the first object is synced. The first sync therefore commits the
/// file system's journal for all of these objects, and the other syncs have little to do. `syncfs` is not used, because
/// it would also wait for the unfinished uploads of other clients.
extension DiskObjectStore {
    /// Maximum number of threads that store the objects of one call.
    private static let batchThreads = 4
    /// Maximum number of objects that a thread keeps open until it syncs them.
    private static let objectsPerSync = 32

    package func createObjects(_ objects: [NewObject]) async throws -> [Result<PartDigest.Result, PontoonError>] {
        do {
            let slices = stride(from: 0, to: objects.count, by: Self.objectsPerSync).map {
                Array(objects[$0..<min(objects.count, $0 + Self.objectsPerSync)])
            }
            let results = try await mapConcurrently(slices, limit: Self.batchThreads) { [self] slice in
                try await executor.run { try self.createObjects(inOneGo: slice) }
            }.flatMap { $0 }
            if isDurable {
                // The directory of a refused object may not exist.
                let directories = Set(
                    zip(objects, results).compactMap { object, result in
                        (try? result.get()).map { _ in layout.objectDirectory(object.key) }
                    }
                )
                try await forEachConcurrently(directories, limit: Self.batchThreads) { [self] in
                    try await syncNames(in: $0)
                }
            }
            return results
        } catch {
            await removeUnconfirmed(objects.map(\.key))
            throw error
        }
    }

    package func removeUnconfirmed(_ keys: [ObjectKey]) async {
        _ = try? await executor.run { [layout] in
            for key in keys {
                try? FileSystem.unlink(layout.object(key))
                try? FileSystem.unlink(layout.unconfirmed(key))
            }
        }
    }

    private func createObjects(inOneGo objects: [NewObject]) throws -> [Result<PartDigest.Result, PontoonError>] {
        try checkRoom(for: objects.reduce(0) { $0 + Int64($1.bytes.readableBytes) }, else: .storageFull)
        return try mapDiskFull {
            var files: [DiskFile] = []
            do {
                var results: [Result<PartDigest.Result, PontoonError>] = []
                for object in objects {
                    var digest = PartDigest(expecting: object.expected)
                    object.bytes.withUnsafeReadableBytes { digest.update($0) }
                    let result = digest.finish()
                    do throws(PontoonError) {
                        try result.requireMatch()
                        results.append(.success(result))
                    } catch {
                        results.append(.failure(error))
                        continue
                    }
                    let file = try create(layout.unconfirmed(object.key))
                    files.append(file)
                    try object.bytes.withUnsafeReadableBytes { _ = try file.writeAll($0) }
                    if isDurable { try file.startWriting(offset: 0, count: Int64(object.bytes.readableBytes)) }
                    try createDurableDirectory(layout.objectDirectory(object.key))
                    try nameObject(object.key)
                }
                if isDurable { for file in files { try file.syncData() } }
                while let file = files.popLast() { try file.close() }
                return results
            } catch {
                for file in files { try? file.close() }
                throw error
            }
        }
    }

    /// Creates the final name of an object, as a hard link to its unconfirmed file.
    ///
    /// If the file system does not support hard links, renames the file. A crash before the record is committed then
    /// leaves an orphan, which `pontoond check` reports.
    func nameObject(_ key: ObjectKey) throws {
        do {
            try FileSystem.link(layout.unconfirmed(key), to: layout.object(key))
        } catch let error as Errno where error.meansUnsupported {
            try FileSystem.rename(layout.unconfirmed(key), to: layout.object(key))
        }
    }
}
