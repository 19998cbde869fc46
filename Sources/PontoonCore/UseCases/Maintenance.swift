package import Foundation

/// What must be done now and then, and once at start, whoever is calling.
package struct Maintenance: Sendable {
    private let metadata: any MetadataStore
    private let objects: any ObjectStore
    private let uploads: Uploads
    private let garbage: GarbageCollector
    private let keys: KeyRing
    private let leases: LeaseRenewer
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
    ///   - leaseDuration: When another server may go on with the work of one that says nothing more; `nil` when no other
    ///     server uses the stores.
    ///   - uploadLifetime: An upload in which nothing was stored for so long is aborted.
    ///   - replayLifetime: For so long a repeated complete gives the same answer.
    ///   - now: The time.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        uploads: Uploads,
        keys: KeyRing,
        leaseDuration: Duration? = nil,
        uploadLifetime: Duration,
        replayLifetime: Duration = .seconds(24 * 3600),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.uploads = uploads
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.keys = keys
        self.leases = LeaseRenewer(lifetime: leaseDuration, now: now)
        self.uploadLifetime = uploadLifetime
        self.replayLifetime = replayLifetime
        self.now = now
    }

    /// Puts right what a crash left behind, before the first request.
    ///
    /// When another server can be at work on it, that is left to the rounds of housekeeping.
    package func recover() async throws {
        if leases.lifetime == nil {
            try await uploads.recoverCompletions(leasedUntil: .distantFuture)
            try await objects.recover(open: try await metadata.openUploadKeys())
            await garbage.collect()
        }
        try await keys.rotateIfDue()
    }

    /// Learns which signing keys there are; every server does this once a minute, since a key that a server does not know
    /// to be old is kept for some minutes only.
    package func refreshKeys() async throws { try await keys.refresh() }

    /// What one round of housekeeping came to.
    package struct Round: Sendable {
        /// Ids of the uploads that were aborted because nobody touched them.
        package fileprivate(set) var expired: [String] = []
        /// What went wrong.
        package fileprivate(set) var errors: [any Error] = []

        fileprivate mutating func attempt(_ step: () async throws -> Void) async {
            do { try await step() } catch { errors.append(error) }
        }
    }

    /// One round of housekeeping; what fails does not keep the rest from being done.
    ///
    /// Of several servers one does it at a time, and the others do nothing.
    package func tidy() async -> Round {
        var round = Round()
        await round.attempt { try await uploads.retryStranded() }
        let lease = leases.new()
        do {
            guard try await metadata.acquireLease(Self.task, lease, now: now()) else { return round }
            let done = try await leases.keep(lease) { [self] in
                try await metadata.acquireLease(Self.task, $0, now: now())
            } _: { [self] in
                await tidyAlone()
            }
            round.expired = done.expired
            round.errors += done.errors
            try await metadata.endLease(Self.task, leaseID: lease.id)
        } catch is LeaseLost {
            // Another server has gone on with it.
        } catch {
            round.errors.append(error)
        }
        return round
    }

    private static let task = "housekeeping"

    private func tidyAlone() async -> Round {
        var round = Round()
        await round.attempt { try await keys.rotateIfDue() }
        if leases.lifetime != nil {
            await round.attempt { try await uploads.recoverCompletions(leasedUntil: now()) }
            await round.attempt { try await sweep() }
        }
        var expired: [String] = []
        await round.attempt { expired = try await expireUploads() }
        round.expired = expired
        await round.attempt {
            try await metadata.pruneCompletedUploads(before: now().addingTimeInterval(-replayLifetime.inSeconds))
        }
        round.errors += await garbage.collect()
        return round
    }

    /// Once an hour, whichever server comes first, and again when it failed: the object store lists all that it holds.
    private func sweep() async throws {
        let lease = Lease(id: leases.new().id, expiresOn: now().addingTimeInterval(3600))
        guard try await metadata.acquireLease("sweep", lease, now: now()) else { return }
        do {
            try await objects.recover(open: try await metadata.openUploadKeys())
        } catch {
            try await metadata.endLease("sweep", leaseID: lease.id)
            throw error
        }
    }

    private func expireUploads() async throws -> [String] {
        let deadline = now().addingTimeInterval(-uploadLifetime.inSeconds)
        var expired: [String] = []
        while true {
            let idle = try await metadata.idleUploads(since: deadline, limit: 100)
            var aborted = 0
            for id in idle where try await metadata.abortUpload(id, ifIdleSince: deadline) {
                expired.append(id)
                aborted += 1
            }
            guard aborted > 0 else { return expired }
        }
    }
}
