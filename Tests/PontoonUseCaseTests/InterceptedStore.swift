import PontoonCore
import PontoonObjects
import Synchronization

/// A disk store that runs actions before and after ``finish(_:parts:)``, and before ``revertFinish(_:)``.
struct InterceptedStore: StreamingObjectStore {
    let store: DiskObjectStore
    var beforeFinish: @Sendable () async throws -> Void = {}
    var afterFinish: @Sendable () async throws -> Void = {}
    var beforeRevert: @Sendable (ObjectKey) async throws -> Void = { _ in }

    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        try await beforeFinish()
        let object = try await store.finish(upload, parts: parts)
        try await afterFinish()
        return object
    }

    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        try await store.prepare(key, size: size)
    }

    func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter {
        try await store.openPart(number, of: upload, length: length, expecting: expected)
    }

    func freeUnusedSpace(of upload: Upload, storedParts: () async throws -> [PartRecord]?) async throws {
        try await store.freeUnusedSpace(of: upload, storedParts: storedParts)
    }

    func openWriter(of key: ObjectKey, expecting expected: ExpectedChecksums) -> any ObjectWriter {
        store.openWriter(of: key, expecting: expected)
    }
    func unconfirmedObjects() async throws -> [ObjectKey] { try await store.unconfirmedObjects() }
    func confirm(_ keys: [ObjectKey]) async throws { try await store.confirm(keys) }
    func createObjects(_ objects: [NewObject]) async throws -> [Result<PartDigest.Result, PontoonError>] {
        try await store.createObjects(objects)
    }
    func removeUnconfirmed(_ keys: [ObjectKey]) async { await store.removeUnconfirmed(keys) }
    func ping() async throws { try await store.ping() }
    func availableSpace() async throws -> Int64? { try await store.availableSpace() }
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader { try await store.openObject(key) }
    func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader {
        try await store.readPart(part, of: upload)
    }
    func discardPart(_ part: PartRecord, of upload: Upload) async throws {
        try await store.discardPart(part, of: upload)
    }
    func revertFinish(_ key: ObjectKey) async throws {
        try await beforeRevert(key)
        try await store.revertFinish(key)
    }
    func cleanUp(_ key: ObjectKey) async throws { try await store.cleanUp(key) }
    func discard(_ object: ObjectReference) async throws { try await store.discard(object) }
    func storedSize(_ key: ObjectKey) async throws -> Int64? { try await store.storedSize(key) }
    func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws {
        try await store.forEachEntry(body)
    }
    func isBackupRunning() async throws -> Bool { try await store.isBackupRunning() }
    func makeDiscardsDurable() async throws { try await store.makeDiscardsDurable() }
    func recover(comparingWith records: any ObjectRecords) async throws {
        try await store.recover(comparingWith: records)
    }

    /// Returns the store with the MD5 hasher and signed URLs that use cases need.
    func storage(metadata: any MetadataStore) -> ObjectStorage {
        let keys = KeyRing(store: metadata, rotationInterval: .seconds(1), urlLifetime: .seconds(1))
        return .streaming(self, PrefixHasher(metadata: metadata, objects: self), DataPlaneURLs(keys))
    }
}

/// An action that runs only once.
final class OneTimeAction: Sendable {
    private let action = Mutex<(@Sendable () async throws -> Void)?>(nil)

    func set(_ action: @escaping @Sendable () async throws -> Void) { self.action.withLock { $0 = action } }

    @Sendable func run() async throws { try await action.withLock { $0.take() }?() }
}
