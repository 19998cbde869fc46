import PontoonCore
import PontoonMetadata
import PontoonObjects

/// The command `pontoond check`, which finds differences between records, stored objects and counters.
///
/// It compares the records with the stored objects and with the usage counters, and checks an SQLite database for
/// corruption. On request, it removes orphans and corrects counters. It does not read the bytes of objects.
package struct Check {
    private let settings: Settings
    private let repairs: Bool
    private let report: (String) -> Void

    /// - Parameters:
    ///   - settings: The settings that select the stores. Servers may be using the stores, unless `repairs` is set and
    ///     a store is in the data directory.
    ///   - repairs: Whether to remove orphans and correct counters.
    ///   - report: Receives one line for each finding, and a summary.
    package init(settings: Settings, repairs: Bool, report: @escaping (String) -> Void) {
        self.settings = settings
        self.repairs = repairs
        self.report = report
    }

    /// Checks the stores, and removes orphans and corrects counters if requested.
    ///
    /// - Returns: `true` if no problem was found, or all problems were repaired. Damaged objects and unknown files
    ///   cannot be repaired.
    /// - Throws: ``SettingError`` if the stores cannot be used or the check cannot be finished; `PontoonError` if a
    ///   store is unavailable.
    package func run() async throws -> Bool {
        do {
            return try await repairs ? repair() : compare()
        } catch let error where !(error is SettingError || error is PontoonError || error is CancellationError) {
            throw SettingError("cannot finish the check: \(OpenedStores.oneLine(error))")
        }
    }

    private func compare() async throws -> Bool {
        try await ReadOnlyStores.withMetadata(settings) { metadata in
            try await ReadOnlyStores.withInventory(settings) { inventory in
                try await run(metadata, StoreCheck(records: metadata, inventory: inventory, isExclusive: false))
            }
        }
    }

    /// Like ``compare()``, but also removes orphans and corrects counters.
    ///
    /// If a store keeps files in the data directory, no server can use the directory during the repair.
    private func repair() async throws -> Bool {
        // Fails if there is no database, because opening the stores for writing would create one.
        try await ReadOnlyStores.withMetadata(settings) { _ in }
        return try await OpenedStores.withStores(settings) { stores in
            let store = stores.storage.store
            var minimumAge = Duration.zero
            if case .s3(let s3, _) = settings.objects { minimumAge = s3.orphanAge }
            let check = StoreCheck(
                records: stores.metadata,
                inventory: store,
                repair: StoreCheck.Repair(of: store, minimumAge: minimumAge),
                isExclusive: settings.leaseDuration == nil
            )
            return try await run(stores.metadata, check)
        }
    }

    private func run(_ metadata: SQLMetadataStore, _ check: StoreCheck) async throws -> Bool {
        let problems = try await metadata.databaseProblems()
        for problem in problems { report("database: \(OpenedStores.oneLine(problem))") }
        let summary = try await check.run { report($0.line) }
        let usage = try await UsageCheck(of: metadata, repairs: repairs).run { report($0.line) }
        report(
            """
            Checked \(summary.objects) objects (\(summary.bytes) bytes): \(summary.damaged) damaged, \
            \(summary.orphans)\(summary.hasMoreOrphans ? " or more" : "") orphans (\(summary.orphanBytes) bytes), \
            \(summary.removed) of them removed, \(summary.unknown) unknown files, \(problems.count) database problems; \
            \(usage.compared) projects and users: \(usage.wrong) with wrong counters, \(usage.repaired) of them repaired.
            """
        )
        return summary.isClean && usage.isClean && problems.isEmpty
    }
}

extension StoreCheck.Finding {
    /// The finding on one line.
    var line: String {
        switch self {
        case .damaged(let object, let size, let files):
            "damaged: \(object.damage(storedSize: size)); used by \(files.isEmpty ? "no file" : files.text)"
        case .orphan(let entry, .reported): "orphan: \(entry.text) has no record"
        case .orphan(let entry, .removed): "orphan: \(entry.text) has no record; removed"
        case .orphan(let entry, .tooRecent): "orphan: \(entry.text) has no record; kept, because it is recent"
        case .unknown(let entry): "unknown: \(entry.text) was not created by Pontoon"
        }
    }
}

extension UsageCheck.Finding {
    /// The finding on one line.
    var line: String {
        let who =
            switch subject {
            case .user(let name): "user \(name)"
            case .project(let id): "project \(id)"
            }
        let repair = isRepaired ? "; repaired" : ""
        return "usage: \(who) is recorded with \(recount.recorded.text) instead of \(recount.counted.text)\(repair)"
    }
}

extension Usage {
    fileprivate var text: String {
        "\(storedBytes) bytes in \(files) files and \(reservedBytes) reserved bytes in \(openUploads) uploads"
    }
}

extension FileContent {
    /// Describes the damage of a stored object.
    ///
    /// - Parameter storedSize: Length of the stored bytes; `nil` if the object is missing. If the length is the
    ///   recorded one, the description is of the damage that the last scrub found.
    /// - Returns: The description, without a period.
    func damage(storedSize: Int64?) -> String {
        guard let storedSize else { return "object \(key.rawValue) is missing" }
        if storedSize == size {
            let isUnreadable = verification.damage == .unreadable
            return """
                object \(key.rawValue) \(isUnreadable ? "cannot be read from the disk" : "does not match its checksum"), \
                as a scrub has found
                """
        }
        return "object \(key.rawValue) has \(storedSize) bytes instead of \(size)"
    }
}

extension [FileReference] {
    /// The files on one line.
    ///
    /// Their names are quoted, because they may contain any character.
    var text: String {
        map { "file \($0.id) (\(String(reflecting: "\($0.owner)/\($0.name)")))" }.joined(separator: ", ")
    }
}

extension StoredEntry {
    fileprivate var text: String {
        // Quoted only if necessary.
        let quoted = String(reflecting: name)
        let shown = quoted.dropFirst().dropLast() == name ? name : quoted
        return size.map { "\(shown) (\($0) bytes)" } ?? "upload \(shown)"
    }
}
