import NIOCore

/// The use case that copies the objects of all files from one store to another and verifies every copy.
///
/// Copied objects are recorded in the ledger, so that the next run resumes an interrupted one.
package struct ObjectCopy: Sendable {
    private let ledger: any ObjectCopyLedger
    private let source: any StreamingObjectStore
    private let target: any ImportingObjectStore
    private static let width = 4
    private static let batch = 200

    package init(
        ledger: any ObjectCopyLedger,
        from source: any StreamingObjectStore,
        to target: any ImportingObjectStore
    ) {
        self.ledger = ledger
        self.source = source
        self.target = target
    }

    package struct Outcome: Sendable {
        /// Number of objects copied by this run.
        package var count = 0
        /// Total length in bytes of the objects copied by this run.
        package var bytes: Int64 = 0
        /// Ids of the files whose objects could not be copied, because their bytes are damaged or missing.
        package var damaged: [String] = []
    }

    /// Copies the objects that have not been copied yet.
    ///
    /// - Parameter report: Called after every batch with the outcome so far.
    /// - Returns: The outcome of this run.
    /// - Throws: `.checksumMismatch` if a copy differs from its intact original; an error if a store is unavailable.
    ///   The next call resumes.
    package func run(report: @Sendable (Outcome) -> Void) async throws -> Outcome {
        var outcome = Outcome()
        var last: ObjectKey?
        while true {
            let batch = try await ledger.objectsToCopy(after: last, limit: Self.batch)
            guard let newest = batch.last else { return outcome }
            let areWhole = try await mapConcurrently(batch, limit: Self.width) { try await copy($0) }
            for (object, isWhole) in zip(batch, areWhole) {
                if isWhole {
                    outcome.count += 1
                    outcome.bytes = outcome.bytes.addingClamped(object.size)
                } else {
                    outcome.damaged += try await ledger.files(of: object.key)
                }
            }
            report(outcome)
            last = newest.key
        }
    }

    /// Removes the copies of objects that no file uses any longer, for example because the file was deleted between two
    /// runs.
    ///
    /// - Throws: An error if a store is unavailable.
    package static func discardOrphans(_ ledger: any ObjectCopyLedger, in target: any ImportingObjectStore) async throws
    {
        while true {
            let orphans = try await ledger.orphanedCopies(limit: batch)
            if orphans.isEmpty { return }
            for key in orphans {
                try await target.discard(ObjectReference(key: key))
                try await ledger.unmarkCopied(key)
            }
        }
    }

    /// Copies one object and verifies the copy; returns `false` if the original is damaged or missing.
    private func copy(_ object: FileContent) async throws -> Bool {
        let reader: any ObjectReader
        do {
            reader = try await source.openObject(object.key)
        } catch let error as PontoonError where error.code == .fileNotFound {
            return false
        }
        return try await withClosing(reader, close: { await $0.close() }) { try await copy(object, from: $0) }
    }

    private func copy(_ object: FileContent, from reader: any ObjectReader) async throws -> Bool {
        guard reader.size == object.size else { return false }
        let copied = try await target.importObject(object.key, from: reader)
        var found = copied.crc64
        if found == nil {
            let copy = try await target.openObject(object.key)
            found = try await withClosing(copy, close: { await $0.close() }) { try await Self.checksum($0) }
        }
        // If no checksum is recorded, the copy is compared with the original's bytes.
        let expected: CRC64NVME
        if let crc64 = object.crc64 { expected = crc64 } else { expected = try await Self.checksum(reader) }
        guard copied.size == object.size, found == expected else {
            try await target.discard(ObjectReference(key: object.key))
            guard try await Self.checksum(reader) == expected else { return false }
            throw PontoonError(.checksumMismatch, "A copied object differs from its original; run the migration again.")
        }
        try await ledger.markCopied(object.key)
        return true
    }

    private static func checksum(_ reader: any ObjectReader) async throws -> CRC64NVME {
        var crc64 = CRC64NVME()
        try await reader.forEachChunk(of: 8 << 20) { bytes in
            bytes.withUnsafeReadableBytes { crc64.update($0) }
        }
        return crc64
    }
}
