import NIOCore

/// Copies all objects of one store to another and reads each copy back.
///
/// What was copied is noted, so that a move that was cut goes on where it was.
package struct ObjectCopy: Sendable {
    private let ledger: any ObjectCopyLedger
    private let source: any StreamingObjectStore
    private let target: any ImportingObjectStore
    private static let width = 4
    private static let batch = 200

    /// Moves from one store to another.
    package init(
        ledger: any ObjectCopyLedger,
        from source: any StreamingObjectStore,
        to target: any ImportingObjectStore
    ) {
        self.ledger = ledger
        self.source = source
        self.target = target
    }

    /// What a move came to.
    package struct Outcome: Sendable {
        /// Objects that were copied now.
        package var count = 0
        /// Their bytes.
        package var bytes: Int64 = 0
        /// Files whose bytes are not those that were uploaded, or are gone; they were not copied.
        package var damaged: [String] = []
    }

    /// Copies what was not copied yet.
    ///
    /// - Parameter report: Told now and then how far it is.
    /// - Returns: What it came to.
    /// - Throws: When a store cannot be reached; what is noted by then stays noted.
    package func run(report: @Sendable (Outcome) -> Void) async throws -> Outcome {
        var outcome = Outcome()
        var last: ObjectKey?
        while true {
            let batch = try await ledger.objectsToCopy(after: last, limit: Self.batch)
            guard let newest = batch.last else { return outcome }
            try await withThrowingTaskGroup(of: (FileContent, Bool).self) { group in
                var waiting = batch.makeIterator()
                func sendNext() {
                    guard let object = waiting.next() else { return }
                    group.addTask { (object, try await move(object)) }
                }
                for _ in 0..<Self.width { sendNext() }
                while let (object, isWhole) = try await group.next() {
                    if isWhole {
                        outcome.count += 1
                        outcome.bytes += object.size
                    } else {
                        outcome.damaged += try await ledger.files(of: object.key)
                    }
                    sendNext()
                }
            }
            report(outcome)
            last = newest.key
        }
    }

    /// Removes copies of objects that were deleted since, while the move was not at work.
    package static func discardStrays(_ ledger: any ObjectCopyLedger, in target: any ImportingObjectStore) async throws
    {
        while true {
            let strays = try await ledger.orphanedCopies(limit: batch)
            if strays.isEmpty { return }
            for key in strays {
                try await target.discard(ObjectReference(key: key))
                try await ledger.forgetMoved(key)
            }
        }
    }

    /// - Returns: `false` when the source does not have the bytes that were uploaded.
    private func move(_ object: FileContent) async throws -> Bool {
        let reader: any ObjectReader
        do {
            reader = try await source.openObject(object.key)
        } catch let error as PontoonError where error.code == .fileNotFound {
            return false
        }
        do {
            let isWhole = try await copy(object, from: reader)
            await reader.close()
            return isWhole
        } catch {
            await reader.close()
            throw error
        }
    }

    private func copy(_ object: FileContent, from reader: any ObjectReader) async throws -> Bool {
        guard reader.size == object.size else { return false }
        let copied = try await target.importObject(object.key, from: reader)
        var found = copied.crc64
        if found == nil {
            let copy = try await target.openObject(object.key)
            found = try await Self.checksum(copy)
            await copy.close()
        }
        // An object of which no checksum was kept is compared with itself.
        let wanted: CRC64NVME
        if let crc64 = object.crc64 { wanted = crc64 } else { wanted = try await Self.checksum(reader) }
        guard copied.size == object.size, found == wanted else {
            try await target.discard(ObjectReference(key: object.key))
            guard try await Self.checksum(reader) == wanted else { return false }
            throw PontoonError(.checksumMismatch, "The copy of an object is not equal to the object; try again.")
        }
        try await ledger.markCopied(object.key)
        return true
    }

    private static func checksum(_ reader: any ObjectReader) async throws -> CRC64NVME {
        var crc64 = CRC64NVME()
        var offset: Int64 = 0
        while offset < reader.size {
            let bytes = try await reader.read(at: offset, count: Int(min(8 << 20, reader.size - offset)))
            guard bytes.readableBytes > 0 else { break }
            bytes.withUnsafeReadableBytes { crc64.update($0) }
            offset += Int64(bytes.readableBytes)
        }
        return crc64
    }
}
