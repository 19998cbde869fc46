import PontoonCore
import PontoonMetadata
import PontoonObjects

extension ObjectPlacer {
    private static let batch = 500
    private static let width = 8

    /// Places all recorded objects, up to 8 at a time.
    ///
    /// - Parameters:
    ///   - records: The metadata store with the records of the objects.
    ///   - count: Receives each object and the outcome of placing it, in the order of the keys and one at a time.
    /// - Throws: The errors of ``place(_:)``, of `records` and of `count`.
    func placeAll(
        objectsOf records: SQLMetadataStore,
        count: (FileContent, Outcome) async throws -> Void
    ) async throws {
        var last: ObjectKey?
        while true {
            let objects = try await records.recordedObjects(after: last, limit: Self.batch)
            guard let newest = objects.last else { return }
            let outcomes = try await mapConcurrently(objects, limit: Self.width) { try await self.place($0) }
            for (object, outcome) in zip(objects, outcomes) { try await count(object, outcome) }
            last = newest.key
        }
    }
}

extension ObjectPlacer.Outcome {
    /// Returns a description of the original's damage; `nil` if no damage was found.
    func damage(of object: FileContent) -> String? {
        switch self {
        case .present, .linked, .copied: nil
        case .onlyInTarget(let size): object.damage(storedSize: size) + ", but the backup has an intact copy"
        case .missing: object.damage(storedSize: nil)
        case .wrongSize(let size): object.damage(storedSize: size)
        case .wrongChecksum: "object \(object.key.rawValue) does not match its checksum"
        case .unreadable: "object \(object.key.rawValue) cannot be read from the disk"
        }
    }
}

/// The numbers of placed, linked, copied and damaged objects.
struct Tally {
    private(set) var objects = 0
    private(set) var bytes: Int64 = 0
    private var linked = 0
    private var copied = 0
    /// Number of objects whose original is damaged.
    private(set) var damaged = 0
    /// Number of damaged objects of which the target contains no intact copy.
    private(set) var lost = 0
    /// Number of objects that were missing because they and their records were deleted after the records had been
    /// copied.
    var vanished = 0

    mutating func count(_ object: FileContent, _ outcome: ObjectPlacer.Outcome) {
        objects += 1
        bytes = bytes.addingClamped(object.size)
        switch outcome {
        case .present: break
        case .linked: linked += 1
        case .copied: copied += 1
        case .onlyInTarget: damaged += 1
        case .missing, .wrongSize, .wrongChecksum, .unreadable:
            damaged += 1
            lost += 1
        }
    }

    /// Adds the result of a further round, which placed all objects again.
    ///
    /// Adds the numbers of links and copies to those of the earlier rounds, and replaces all other numbers.
    mutating func add(_ round: Tally) {
        (objects, bytes) = (round.objects, round.bytes)
        (damaged, lost, vanished) = (round.damaged, round.lost, round.vanished)
        linked += round.linked
        copied += round.copied
    }

    func summary(removed: Int) -> String {
        """
        Backed up the metadata and \(objects) objects (\(bytes) bytes): \(linked) linked, \(copied) copied, \
        \(max(0, objects - linked - copied)) already there; \(removed) no longer used and removed. Unfinished uploads \
        are not part of a backup.
        """
    }
}
