import Crypto
package import PontoonFoundation
import NIOCore

/// The use case that reads objects again and compares them with their recorded lengths and checksums.
///
/// The time of each object's last check is recorded, so the next run resumes an interrupted scrub.
package struct Scrub: Sendable {
    private let store: any ScrubStore
    private let source: any ScrubSource
    private let pace: Pace
    private let width: Int
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - store: The metadata store.
    ///   - source: The object store.
    ///   - bytesPerSecond: Maximum rate at which objects are read; `nil` means no limit.
    ///   - width: Maximum number of objects to read at the same time.
    ///   - now: Returns the current time.
    package init(
        store: any ScrubStore,
        source: any ScrubSource,
        bytesPerSecond: Int64? = nil,
        width: Int = 1,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.source = source
        self.pace = Pace(bytesPerSecond: bytesPerSecond)
        self.width = width
        self.now = now
    }

    /// The results of one run.
    package struct Totals: Hashable, Sendable {
        /// Number of all objects, including damaged ones and those that could not be checked.
        package var objects = 0
        /// Total length in bytes of the objects that were read completely and are not damaged.
        package var bytes: Int64 = 0
        package var damaged = 0
        /// Number of objects that could not be checked because of an error.
        package var failed = 0

        package init() {}
    }

    /// Checks the objects whose last check was longer ago than `interval` or, if they are damaged, than one day.
    ///
    /// The creation of an object counts as its first check. Objects whose last check is more than an hour in the future
    /// are also checked, because the time comes from a wrong clock.
    ///
    /// - Parameters:
    ///   - interval: Time after which an object is checked again; 0 checks all objects.
    ///   - report: Called with each result once it is recorded.
    /// - Returns: The totals of this run.
    /// - Throws: An error if a store is unavailable; `CancellationError`. The next run resumes.
    package func run(
        interval: Duration,
        report: @Sendable (ObjectCheck) async -> Void
    ) async throws -> Totals {
        let start = now()
        // The bounds do not change, so that the run ends even if the clock is changed in the meantime. The store has a
        // resolution of one millisecond, which is added to the lower bound, so that objects that were checked in the
        // same millisecond are due.
        let window = start.addingTimeInterval(0.001 - interval.inSeconds)...start.addingTimeInterval(3600)
        let damaged = max(window.lowerBound, start.addingTimeInterval(-24 * 3600))
        var totals = Totals()
        while true {
            let due = try await store.objectsToCheck(outside: window, damagedBefore: damaged, limit: Self.batch)
            if due.isEmpty { return totals }
            try await check(due, within: window, adding: &totals, report)
        }
    }

    /// Checks the objects for which clients have requested a check, until no request is pending.
    ///
    /// - Parameter report: Called with each result once it is recorded.
    ///
    /// - Throws: The errors of ``run(interval:report:)``.
    package func runRequested(report: @Sendable (ObjectCheck) async -> Void) async throws {
        var totals = Totals()
        while true {
            let requested = try await store.requestedChecks(limit: Self.batch)
            if requested.isEmpty { return }
            try await check(requested, adding: &totals, report)
        }
    }

    /// Checks the given objects, whether or not they are due.
    ///
    /// The totals do not include objects that were deleted in the meantime.
    ///
    /// - Parameters:
    ///   - objects: The objects.
    ///   - report: Called with each result once it is recorded.
    /// - Returns: The totals of this call.
    ///
    /// - Throws: The errors of ``run(interval:report:)``.
    package func run(_ objects: [FileContent], report: @Sendable (ObjectCheck) async -> Void) async throws -> Totals {
        var totals = Totals()
        try await check(objects, adding: &totals, report)
        return totals
    }

    private static let batch = 200
    /// Maximum total length in bytes of a group of objects whose results are recorded together.
    ///
    /// The last object of a group may exceed the maximum.
    private static let batchBytes: Int64 = 256 << 20

    private func check(
        _ objects: [FileContent],
        within window: ClosedRange<Date>? = nil,
        adding totals: inout Totals,
        _ report: @Sendable (ObjectCheck) async -> Void
    ) async throws {
        var rest = objects[...]
        while !rest.isEmpty {
            var bytes: Int64 = 0
            let group = rest.prefix { object in
                defer { bytes = bytes.addingReportingOverflow(object.size).partialValue }
                return bytes >= 0 && bytes < Self.batchBytes
            }
            rest = rest.dropFirst(group.count)
            let checks = try await mapConcurrently(group, limit: width) { try await check($0, within: window) }
                .compactMap { $0 }
            try await store.record(checks)
            for check in checks {
                totals.add(check)
                await report(check)
            }
        }
    }

    /// Checks an object; returns `nil` if it was deleted in the meantime.
    private func check(_ object: FileContent, within window: ClosedRange<Date>?) async throws -> ObjectCheck? {
        guard let outcome = try await outcome(object) else { return nil }
        var end = now()
        if let window { end = min(max(end, window.lowerBound), window.upperBound) }
        return ObjectCheck(object: object, outcome: outcome, checkedOn: end)
    }

    private func outcome(_ object: FileContent) async throws -> ObjectCheck.Outcome? {
        do {
            let first = try await read(object, ignoringCache: false)
            guard case .damaged(let damage) = first, damage.isHidden else { return first }
            // Reads the object again from the disk, because the damage may affect only the copy in the page cache.
            return try await read(object, ignoringCache: true)
        } catch let error as PontoonError where error.code == .fileNotFound {
            try await source.confirmPresence()
            guard try await store.recordedObjects(among: [object.key]).contains(object.key) else { return nil }
            return .damaged(.missing)
        } catch let error where !(error is CancellationError || (error as? any TemporaryError)?.isTemporary == true) {
            // An object that cannot be checked must not prevent the check of the others.
            return .failed("\(error)")
        }
    }

    private func read(_ object: FileContent, ignoringCache: Bool) async throws -> ObjectCheck.Outcome {
        do {
            let reader = try await source.openForScrub(object.key, ignoringCache: ignoringCache)
            return try await withClosing(reader, close: { await $0.close() }) { try await compare(object, $0) }
        } catch is UnreadableObject {
            return .damaged(.unreadable)
        }
    }

    private func compare(_ object: FileContent, _ reader: any ObjectReader) async throws -> ObjectCheck.Outcome {
        guard reader.size == object.size else { return .damaged(.length) }
        var crc64 = CRC64NVME()
        // An MD5 takes ten times as long to compute as the CRC, so it is compared only if no CRC is recorded.
        var md5 = object.crc64 == nil && object.md5 != nil ? Insecure.MD5() : nil
        var offset: Int64 = 0
        while offset < object.size {
            let bytes = try await reader.read(at: offset, count: Int(min(Self.chunk, object.size - offset)))
            guard bytes.readableBytes > 0 else { return .damaged(.length) }
            bytes.withUnsafeReadableBytes { bytes in
                crc64.update(bytes)
                md5?.update(bufferPointer: bytes)
            }
            offset += Int64(bytes.readableBytes)
            try await pace.wait(for: bytes.readableBytes)
        }
        if let expected = object.crc64 { return crc64 == expected ? .verified(crc64) : .damaged(.checksum) }
        guard let md5, let expected = object.md5 else { return .readable(crc64) }
        return Hex.encode(md5.finalize()) == expected ? .verified(crc64) : .damaged(.checksum)
    }

    private static let chunk: Int64 = 8 << 20
}

extension Scrub.Totals {
    fileprivate mutating func add(_ check: ObjectCheck) {
        objects += 1
        switch check.outcome {
        case .verified, .readable: bytes = bytes.addingReportingOverflow(check.object.size).partialValue
        case .damaged: damaged += 1
        case .failed: failed += 1
        }
    }
}
