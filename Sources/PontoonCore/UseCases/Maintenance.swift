package import Foundation

/// What must be done now and then, and once at start, whoever is calling.
package struct Maintenance: Sendable {
    private let metadata: any MetadataStore
    private let objects: any ObjectStore
    private let uploads: Uploads
    private let garbage: GarbageCollector
    private let keys: KeyRing
    private let uploadLifetime: Duration
    private let replayLifetime: Duration
    private let now: @Sendable () -> Date

    /// Works on two stores.
    ///
    /// - Parameters:
    ///   - metadata: The records.
    ///   - objects: The bytes.
    ///   - uploads: Recovers completions.
    ///   - keys: Rotated when due.
    ///   - uploadLifetime: An upload in which nothing was stored for so long is aborted.
    ///   - replayLifetime: For so long a repeated complete gives the same answer.
    ///   - now: The time.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        uploads: Uploads,
        keys: KeyRing,
        uploadLifetime: Duration,
        replayLifetime: Duration = .seconds(24 * 3600),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.uploads = uploads
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.keys = keys
        self.uploadLifetime = uploadLifetime
        self.replayLifetime = replayLifetime
        self.now = now
    }

    /// Puts right what a crash left behind; before the first request.
    package func recover() async throws {
        try await uploads.recoverCompletions()
        try await objects.recover(open: try await metadata.openUploadKeys())
        await garbage.collect()
        try await keys.rotateIfDue()
    }

    /// One round of housekeeping; what fails does not keep the rest from being done.
    ///
    /// - Returns: Ids of the uploads that were aborted because nobody touched them, and what went wrong.
    package func tidy() async -> (expired: [String], errors: [any Error]) {
        var expired: [String] = []
        var errors: [any Error] = []
        func attempt(_ step: () async throws -> Void) async {
            do { try await step() } catch { errors.append(error) }
        }
        await attempt { try await keys.rotateIfDue() }
        await attempt { try await uploads.retryStranded() }
        await attempt { expired = try await expireUploads() }
        await attempt {
            try await metadata.pruneCompletedUploads(before: now().addingTimeInterval(-replayLifetime.timeInterval))
        }
        errors += await garbage.collect()
        return (expired, errors)
    }

    private func expireUploads() async throws -> [String] {
        let deadline = now().addingTimeInterval(-uploadLifetime.timeInterval)
        var expired: [String] = []
        while true {
            let idle = try await metadata.idleUploads(since: deadline, limit: 100)
            var aborted = 0
            for id in idle where try await metadata.abortUpload(id, idleSince: deadline) {
                expired.append(id)
                aborted += 1
            }
            guard aborted > 0 else { return expired }
        }
    }
}

extension Duration {
    /// The same span in seconds, for arithmetic with dates.
    package var timeInterval: TimeInterval {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
