package import PontoonFoundation

/// The maintenance that servers run periodically, and the crash recovery at startup.
package struct Maintenance: Sendable {
    private let metadata: any MetadataStore
    private let storage: ObjectStorage
    private let completion: CompleteUpload
    private let garbage: GarbageCollector
    private let keys: KeyRing
    private let uses: TokenUses?
    private let leases: LeaseRenewer
    private let uploadLifetime: Duration
    private let reservationLifetime: Duration
    private let replayLifetime: Duration
    private let eventRetention: Duration
    private let now: @Sendable () -> Date
    private let stopwatch: Stopwatch
    private let uptime: @Sendable () -> Duration
    /// Value of ``uptime`` when the server started.
    private let startTime: Duration

    /// Creates the maintenance of the given stores.
    ///
    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - storage: The object store.
    ///   - completion: The use case that rolls back interrupted completions.
    ///   - keys: The signing keys, which are rotated when due.
    ///   - uses: The recorder of this server's token uses, which maintenance writes to the store; `nil` if uses are not
    ///     recorded.
    ///   - leaseDuration: Time without a lease renewal after which another server may take over a server's work; `nil`
    ///     if no other server shares the stores.
    ///   - uploadLifetime: Time without activity, as defined by ``abortUploads(idleSince:)``, after which an upload
    ///     expires.
    ///   - reservationLifetime: Time without activity after which an upload's reservation is reduced to the stored
    ///     bytes.
    ///   - replayLifetime: Time for which the record of a completed upload is kept, so that completing the upload again
    ///     returns the same file.
    ///   - eventRetention: Age at which events are deleted.
    ///   - now: Returns the current time.
    ///   - uptime: Returns the time on a monotonic clock, since any fixed moment.
    package init(
        metadata: any MetadataStore,
        storage: ObjectStorage,
        completion: CompleteUpload,
        keys: KeyRing,
        uses: TokenUses? = nil,
        leaseDuration: Duration? = nil,
        uploadLifetime: Duration,
        reservationLifetime: Duration = .seconds(3600),
        replayLifetime: Duration = .seconds(24 * 3600),
        eventRetention: Duration = .seconds(30 * 86400),
        now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Stopwatch.systemUptime
    ) {
        self.metadata = metadata
        self.storage = storage
        self.completion = completion
        self.garbage = GarbageCollector(metadata: metadata, objects: storage.store)
        self.keys = keys
        self.uses = uses
        self.leases = LeaseRenewer(duration: leaseDuration, now: now)
        self.uploadLifetime = uploadLifetime
        self.reservationLifetime = reservationLifetime
        self.replayLifetime = replayLifetime
        self.eventRetention = eventRetention
        self.now = now
        self.stopwatch = Stopwatch(uptime)
        self.uptime = uptime
        startTime = uptime()
    }

    /// Recovers from a crash: rolls back interrupted completions, removes orphans, and releases the leases of jobs and
    /// webhooks.
    ///
    /// Also rotates the signing keys if due. Must be called before the first request is served.
    ///
    /// If other servers share the stores, this method only rotates the signing keys if due. ``run()`` then rolls back
    /// interrupted completions once their leases have expired, and removes orphans.
    ///
    /// - Returns: The number of completions that were rolled back.
    /// - Throws: The first error of a rollback; an error if a store is unavailable.
    @discardableResult
    package func recover() async throws -> Int {
        var rolledBack = 0
        if leases.duration == nil {
            rolledBack = try await completion.recover(leasedUntil: .distantFuture)
            try await storage.store.recover(comparingWith: metadata)
            try await recoverObjects(leasedUntil: .distantFuture)
            try await metadata.releaseFileJobs()
            try await metadata.releaseWebhooks()
            await garbage.collect()
        }
        try await keys.rotateIfDue()
        return rolledBack
    }

    /// Discards objects that were stored without an upload and whose files were not committed.
    ///
    /// - Parameter time: With a presigned store, only objects whose leases expire by this time are discarded. With a
    ///   streaming store, the time is ignored, and no server may be storing such an object.
    /// - Throws: An error if a store is unavailable.
    private func recoverObjects(leasedUntil time: Date) async throws {
        switch storage {
        case .streaming(let store, _, _):
            for key in try await store.unconfirmedObjects() {
                _ = try await metadata.discardUnrecordedObject(key)
                try await store.confirm([key])
            }
        case .presigned:
            _ = try await metadata.discardLeasedObjects(until: time)
        }
    }

    /// Reads the signing keys from the store again.
    ///
    /// Every server must call this once a minute, so that it signs with the newest key. A replaced key is removed one
    /// URL lifetime and five minutes after its successor was created. URLs that were signed with it shortly before its
    /// removal would expire too early.
    ///
    /// - Throws: An error if the metadata store is unavailable.
    package func refreshKeys() async throws { try await keys.refresh() }

    package struct Report: Sendable {
        /// Ids of the uploads that were aborted because they were idle.
        package fileprivate(set) var expired: [String] = []
        package fileprivate(set) var errors: [any Error] = []

        fileprivate mutating func attempt(_ step: () async throws -> Void) async {
            do { try await step() } catch { errors.append(error) }
        }
    }

    /// Runs all maintenance tasks, even if some of them fail.
    ///
    /// Every server retries its own failed rollbacks, writes the token uses that it has recorded, and discards the MD5
    /// progress of aborted uploads. Only one server at a time runs the other tasks.
    ///
    /// - Returns: The uploads that expired, and the errors of the failed tasks.
    package func run() async -> Report {
        var report = Report()
        await report.attempt { try await completion.retryRollbacks() }
        if let uses { await report.attempt { try await uses.write() } }
        var exclusive: Report?
        await report.attempt {
            exclusive = try await leases.runExclusively("housekeeping", in: metadata) { await runExclusively() }
        }
        if let exclusive {
            report.expired = exclusive.expired
            report.errors += exclusive.errors
        }
        if case .streaming(_, let hasher, _) = storage { await report.attempt { try await hasher.forgetAborted() } }
        return report
    }

    /// Runs the tasks that only one server at a time may run.
    private func runExclusively() async -> Report {
        var report = Report()
        await report.attempt { try await keys.rotateIfDue() }
        if leases.duration != nil {
            await report.attempt { try await completion.recover(leasedUntil: now()) }
        }
        if isPresigned { await report.attempt { try await recoverObjects(leasedUntil: now()) } }
        // If a single server uses a data directory, ``recover()`` has already removed all orphans.
        if leases.duration != nil || isPresigned { await report.attempt { try await sweep() } }
        var deadline: Date?
        await report.attempt { deadline = try await expiryDeadline() }
        if let deadline {
            let expiry = await abortUploads(idleSince: deadline)
            report.expired = expiry.expired
            report.errors += expiry.errors
        }
        await report.attempt { try await reduceReservations() }
        await report.attempt {
            try await metadata.pruneCompletedUploads(before: now().addingTimeInterval(-replayLifetime.inSeconds))
        }
        await report.attempt { try await removeExpiredLinks() }
        await report.attempt { try await removeExpiredEvents() }
        await report.attempt {
            try await metadata.pruneTokens(expiredBefore: now().addingTimeInterval(-TokenRules.keptAfterExpiry))
        }
        await report.attempt { try await removeOldJobs() }
        report.errors += await garbage.collect()
        return report
    }

    /// Removes the jobs that finished more than 30 days ago.
    private func removeOldJobs() async throws {
        let time = now().addingTimeInterval(-FileJobRules.keptAfterEnd)
        while try await metadata.pruneFileJobs(finishedBefore: time, limit: Self.batch) == Self.batch {}
    }

    /// Reduces the reservations of uploads without progress, and frees their unused preallocated space for other
    /// uploads.
    ///
    /// Does nothing until the server has run for the lifetime of reservations, so that clients can continue their
    /// uploads after an outage. If the clock is set forward, reservations lapse early. The affected uploads can still
    /// continue if there is enough free space and quota.
    ///
    /// - Throws: The first error that occurred for an upload, after the other uploads were processed; an error if the
    ///   metadata store is unavailable.
    private func reduceReservations() async throws {
        guard uptime() - startTime >= reservationLifetime else { return }
        let deadline = now().addingTimeInterval(-reservationLifetime.inSeconds)
        var failure: (any Error)?
        while true {
            let ids = try await metadata.lapsedReservations(idleSince: deadline, limit: Self.batch)
            var reduced = 0
            for id in ids {
                do {
                    if try await reduceReservation(of: id, idleSince: deadline) { reduced += 1 }
                } catch {
                    failure = failure ?? error
                }
            }
            // Uploads whose reservations could not be reduced, for example because a part is being written, stay in the
            // list. Stops after a batch that contains only such uploads.
            if ids.count < Self.batch || reduced == 0 { break }
        }
        if let failure { throw failure }
    }

    /// Reduces the reservation of one upload and, with a streaming store, frees its unused preallocated space.
    ///
    /// Does nothing while a part of the upload is being written in place.
    ///
    /// - Returns: `false` if nothing was reduced, because a part is being written or the upload is no longer idle.
    private func reduceReservation(of id: String, idleSince deadline: Date) async throws -> Bool {
        guard case .streaming(let store, _, _) = storage, let upload = try await metadata.upload(id) else {
            return try await metadata.reduceReservation(of: id, ifIdleSince: deadline)
        }
        var isReduced = false
        try await store.freeUnusedSpace(of: upload) {
            // The parts are read after the reduction, which waits until the records of parts being committed are
            // visible, and returns `false` if the upload is no longer active.
            isReduced = try await metadata.reduceReservation(of: id, ifIdleSince: deadline)
            return isReduced ? try await metadata.parts(of: id) : nil
        }
        return isReduced
    }

    /// Removes up to 100 upload links that expired more than 30 days ago, the sessions of senders who were idle for
    /// more than a week, and outdated counts of password attempts.
    private func removeExpiredLinks() async throws {
        let now = now()
        for id in try await metadata.uploadLinks(
            expiredBefore: now.addingTimeInterval(-UploadLinkRules.keptAfterExpiry),
            limit: Self.batch
        ) {
            _ = try await metadata.deleteUploadLink(id)
        }
        try await metadata.pruneSenderSessions(
            usedBefore: now.addingTimeInterval(-UploadLinkRules.idleTime),
            attemptsBefore: now.addingTimeInterval(-UploadLinkRules.attemptWindow)
        )
    }

    /// Removes the events that are older than ``eventRetention``.
    private func removeExpiredEvents() async throws {
        let time = now().addingTimeInterval(-eventRetention.inSeconds)
        while try await metadata.pruneEvents(before: time, limit: Self.batchOfEvents) >= Self.batchOfEvents {}
    }

    /// Adds the time since the last run to the service's recorded running time, and returns the expiry deadline.
    ///
    /// - Returns: The time since which an upload must have been idle to expire; `nil` if the service has not yet run
    ///   for the lifetime of uploads.
    private func expiryDeadline() async throws -> Date? {
        var time = try await metadata.observedTime() ?? ObservedTime()
        time.advance(by: stopwatch.lap(), wall: now(), lifetime: uploadLifetime)
        try await metadata.setObservedTime(time)
        return time.deadline(lifetime: uploadLifetime)
    }

    /// Removes orphans, at most once an hour among all servers, because listing all unfinished uploads is expensive.
    ///
    /// The lease expires after an hour. It is released earlier only after a failure, so that the next run tries again.
    private func sweep() async throws {
        let lease = Lease(id: leases.new().id, expiresOn: now().addingTimeInterval(3600))
        guard try await metadata.acquireLease("sweep", lease, now: now()) else { return }
        do {
            try await storage.store.recover(comparingWith: metadata)
        } catch {
            try await metadata.endLease("sweep", leaseID: lease.id)
            throw error
        }
    }

    /// Aborts the active uploads that have been idle since before `deadline`, and removes their bytes.
    ///
    /// An upload has been idle since it was initiated, since its last part was stored or, with a presigned store, since
    /// a client's activity was last recorded, whichever is latest.
    ///
    /// - Returns: The ids of the aborted uploads, and the errors. An upload that could not be aborted stays active.
    package func abortUploads(idleSince deadline: Date) async -> Report {
        var report = Report()
        var kept: Set<String> = []
        do {
            while true {
                let limit = Self.batch + kept.count
                let idle = try await metadata.idleUploads(since: deadline, limit: limit)
                for id in idle where !kept.contains(id) {
                    do {
                        if try await abort(id, ifIdleSince: deadline) {
                            report.expired.append(id)
                        } else {
                            kept.insert(id)
                        }
                    } catch {
                        kept.insert(id)
                        report.errors.append(error)
                    }
                }
                // Stops after many errors, because every upload fails if a store is unavailable.
                guard idle.count == limit, report.errors.count < Self.maximumErrors else { break }
            }
        } catch {
            report.errors.append(error)
        }
        if !report.expired.isEmpty { report.errors += await garbage.collect() }
        return report
    }

    private var isPresigned: Bool {
        if case .presigned = storage { true } else { false }
    }

    private static let batch = 100
    private static let batchOfEvents = 1000
    private static let maximumErrors = 1000

    /// Aborts an upload; returns `false` if it is no longer active or no longer idle.
    private func abort(_ id: String, ifIdleSince deadline: Date) async throws -> Bool {
        // Parts that clients send to a presigned store do not pass through this server, so the store is queried.
        if case .presigned(let store) = storage, let upload = try await metadata.upload(id),
            let last = try await store.timeOfLastPart(of: upload), last >= deadline
        {
            // Never in the future, even if the store's clock is ahead.
            try await metadata.keepAlive(id, now: min(last, now()))
            return false
        }
        // Does not abort an upload in which a part was stored in the meantime.
        return try await metadata.abortUpload(id, ifIdleSince: deadline)
    }
}
