package import PontoonFoundation

/// The use case that compares the records of objects with the contents of the object store, in both directions.
///
/// The check compares lengths and reads no bytes of objects. Servers may be running, so the records are read a second
/// time before damage or an orphan is reported.
package struct StoreCheck: Sendable {
    /// A difference between the records and the object store.
    package enum Finding: Sendable {
        /// An object whose bytes are missing or have the wrong length, or in which a scrub has found damage.
        ///
        /// `storedSize` is `nil` if the bytes are missing. `files` contains at most 100 of the files that use the
        /// object.
        case damaged(FileContent, storedSize: Int64?, files: [FileReference])
        case orphan(StoredEntry, Treatment)
        /// An entry that Pontoon did not create and never removes.
        case unknown(StoredEntry)
    }

    /// The treatment of an orphan.
    package enum Treatment: Sendable {
        case reported, removed
        /// Not removed, because a server may be about to commit the orphan's record.
        case tooRecent
    }

    /// The settings for removing orphans.
    package struct Repair: Sendable {
        let store: any ObjectStore
        let minimumAge: Duration

        /// - Parameters:
        ///   - store: The store to remove orphans from.
        ///   - minimumAge: Minimum time since the last change of an orphan to remove. 0 is safe only if no server is
        ///     using the store.
        package init(of store: any ObjectStore, minimumAge: Duration) {
            self.store = store
            self.minimumAge = minimumAge
        }
    }

    package struct Summary: Sendable {
        /// Number of recorded objects that were compared with the store.
        package var objects = 0
        /// Total recorded length in bytes of the objects that were compared with the store.
        package var bytes: Int64 = 0
        package var damaged = 0
        package var orphans = 0
        /// Total length in bytes of the orphans whose length is known.
        package var orphanBytes: Int64 = 0
        /// Number of orphans that were removed.
        package var removed = 0
        package var unknown = 0
        /// Whether there may be more orphans, because one run examines at most 100,000 entries without a record.
        package var hasMoreOrphans = false

        /// Whether the stores agree: no damage, no unknown entries, and all orphans were found and removed.
        package var isClean: Bool { damaged == 0 && unknown == 0 && orphans == removed && !hasMoreOrphans }
    }

    private let records: any RecordInventory & ObjectRecords
    private let inventory: any ObjectInventory
    private let repair: Repair?
    private let isExclusive: Bool
    private let delay: Duration
    private let now: @Sendable () -> Date
    private static let batch = 500
    private static let width = 16
    private static let maximumCandidates = 100_000
    private static let maximumReferences = 100
    /// Maximum age in seconds of an entry whose record may still be uncommitted.
    private static let settlingTime: TimeInterval = 60

    /// - Parameters:
    ///   - records: The metadata store.
    ///   - inventory: The object store.
    ///   - repair: The settings for removing orphans; if `nil`, orphans are only reported.
    ///   - isExclusive: Whether no server can use the stores during the check.
    ///   - delay: Pause before possible orphans are checked again. Applies if some of them are recent and a server may
    ///     be running.
    ///   - now: Returns the current time.
    package init(
        records: any RecordInventory & ObjectRecords,
        inventory: any ObjectInventory,
        repair: Repair? = nil,
        isExclusive: Bool,
        delay: Duration = .seconds(5),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.records = records
        self.inventory = inventory
        self.repair = repair
        self.isExclusive = isExclusive
        self.delay = delay
        self.now = now
    }

    /// Compares the records with the object store, and removes orphans if a ``Repair`` was given.
    ///
    /// - Parameter report: Called with each finding.
    /// - Returns: The numbers of compared objects and of findings.
    /// - Throws: An error if a store is unavailable.
    package func run(report: (Finding) -> Void) async throws -> Summary {
        var summary = Summary()
        try await findDamage(&summary, report)
        let candidates = try await findCandidates(&summary, report)
        if !candidates.isEmpty { try await examine(candidates, &summary, report) }
        return summary
    }

    // MARK: - Records without bytes

    private func findDamage(_ summary: inout Summary, _ report: (Finding) -> Void) async throws {
        var last: ObjectKey?
        while true {
            let objects = try await records.recordedObjects(after: last, limit: Self.batch)
            guard let newest = objects.last else { return }
            let sizes = try await mapConcurrently(objects, limit: Self.width) { [inventory] in
                try await inventory.storedSize($0.key)
            }
            let suspects = zip(objects, sizes).filter { $0.size != $1 || $0.verification.damage != nil }
            // An object's record is deleted before its bytes, so a record that still exists proves the damage.
            let recorded = try await records.recordedObjects(among: suspects.map(\.0.key))
            for (object, size) in suspects where recorded.contains(object.key) {
                summary.damaged += 1
                let files = try await records.fileReferences(to: object.key, limit: Self.maximumReferences)
                report(.damaged(object, storedSize: size, files: files))
            }
            summary.objects += objects.count
            summary.bytes = summary.bytes.addingClamped(objects.lazy.map(\.size).clampedSum)
            last = newest.key
        }
    }

    // MARK: - Bytes without a record

    /// The names of entries without a record, which may be orphans.
    private struct Candidates {
        var names: Set<String> = []
        var newest = Date.distantPast
        var isEmpty: Bool { names.isEmpty }
    }

    private func findCandidates(_ summary: inout Summary, _ report: (Finding) -> Void) async throws -> Candidates {
        var candidates = Candidates()
        var found = summary
        try await inventory.forEachEntry { page in
            for entry in page where entry.object == nil {
                found.unknown += 1
                report(.unknown(entry))
            }
            for entry in try await withoutRecords(page) {
                guard candidates.names.count < Self.maximumCandidates else {
                    found.hasMoreOrphans = true
                    return
                }
                candidates.names.insert(entry.name)
                candidates.newest = max(candidates.newest, entry.changedOn)
            }
        }
        summary = found
        return candidates
    }

    /// Checks the candidates again, reports those that are orphans, and removes them if a ``Repair`` was given.
    ///
    /// A candidate is not always an orphan: a server creates the files of an upload before it commits the record, and
    /// may have removed a discarded object with its record after the object was listed.
    private func examine(
        _ candidates: Candidates,
        _ summary: inout Summary,
        _ report: (Finding) -> Void
    ) async throws {
        if !isExclusive, candidates.newest > now().addingTimeInterval(-Self.settlingTime) {
            try await Task.sleep(for: delay)
        }
        var found = summary
        try await inventory.forEachEntry { page in
            for entry in try await withoutRecords(page.filter { candidates.names.contains($0.name) }) {
                let treatment = try await treat(entry)
                found.orphans += 1
                found.orphanBytes = found.orphanBytes.addingClamped(entry.size ?? 0)
                if treatment == .removed { found.removed += 1 }
                report(.orphan(entry, treatment))
            }
        }
        if found.removed > summary.removed { try await repair?.store.makeDiscardsDurable() }
        summary = found
    }

    private func treat(_ orphan: StoredEntry) async throws -> Treatment {
        guard let repair, let object = orphan.object else { return .reported }
        guard orphan.changedOn <= now().addingTimeInterval(-repair.minimumAge.inSeconds) else { return .tooRecent }
        try await repair.store.discard(object)
        return .removed
    }

    /// Returns the objects and uploads of a page that have no record.
    private func withoutRecords(_ page: [StoredEntry]) async throws -> [StoredEntry] {
        let known = try await records.knownKeys(among: page.compactMap { $0.object?.key })
        return page.filter { entry in entry.object.map { !known.contains($0.key) } ?? false }
    }
}
