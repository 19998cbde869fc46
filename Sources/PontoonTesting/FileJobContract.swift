import Foundation
package import PontoonCore

/// Rules for ``FileJobStore`` about jobs, their leases, and the order in which workers lease them.
///
/// ``FileJobStepContract`` and ``FileJobPlaceContract`` contain the rules about steps.
package enum FileJobContract: MetadataRule, CaseIterable {
    case jobsAreListed
    case unfinishedJobsAreLimited
    case oldJobsAreRemoved
    case oneWorkerLeasesAJob
    case workersLeaseDifferentJobs
    case expiredLeaseIsTakenOver
    case jobsTakeTurns
    case usersTakeTurns
    case jobsAreReleased
    case jobsOfARemovedUserAreRemoved

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .jobsAreListed: try await Self.jobsAreListed(store, fixture)
        case .unfinishedJobsAreLimited: try await Self.unfinishedJobsAreLimited(store, fixture)
        case .oldJobsAreRemoved: try await Self.oldJobsAreRemoved(store, fixture)
        case .oneWorkerLeasesAJob: try await Self.oneWorkerLeasesAJob(store, fixture)
        case .workersLeaseDifferentJobs: try await Self.workersLeaseDifferentJobs(store, fixture)
        case .expiredLeaseIsTakenOver: try await Self.expiredLeaseIsTakenOver(store, fixture)
        case .jobsTakeTurns: try await Self.jobsTakeTurns(store, fixture)
        case .usersTakeTurns: try await Self.usersTakeTurns(store, fixture)
        case .jobsAreReleased: try await Self.jobsAreReleased(store, fixture)
        case .jobsOfARemovedUserAreRemoved: try await Self.jobsOfARemovedUserAreRemoved(store, fixture)
        }
    }

    private static func jobsAreListed(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var jobs: [FileJob] = []
        for (index, kind) in FileJob.Kind.allCases.enumerated() {
            let job = fixture.job(kind, token: index == 0 ? nil : "t\(index)", after: Double(index))
            let items = [
                FileJobItem(file: "a", destination: kind == .delete ? nil : .folder(id: "f"), name: "x"),
                FileJobItem(file: "b", destination: kind == .delete ? nil : .project(fixture.project.id)),
            ]
            try await store.addFileJob(job, items)
            try expect(try await store.fileJob(job.id), equals: job, "the stored job")
            try expect(try await store.items(ofFileJob: job.id, from: 0, limit: 9), equals: items, "all items")
            try expect(try await store.items(ofFileJob: job.id, from: 1, limit: 1), equals: [items[1]], "one item")
            try expect(try await store.results(of: job), equals: [], "no item is done")
            jobs.insert(job, at: 0)
        }
        try expect(try await store.fileJob("nope"), equals: nil, "an unknown job")
        let all = try await store.fileJobs(of: "ada", tokenID: nil, page: .all)
        try expect(all.items, equals: jobs, "the newest job is the first")
        let page = try await store.fileJobs(of: "ada", tokenID: nil, page: Page(offset: 1, limit: 1))
        try expect(page.items, equals: [jobs[1]], "a page")
        try expect([all.total, page.total], equals: [3, 3], "the totals")
        let ofToken = try await store.fileJobs(of: "ada", tokenID: "t1", page: .all)
        try expect(ofToken.items, equals: [jobs[1]], "the jobs of a token")
        try expect(ofToken.total, equals: 1, "the number of jobs of a token")
        try expect(try await store.fileJobs(of: "bob", tokenID: nil, page: .all).total, equals: 0, "another user's")
    }

    private static func unfinishedJobsAreLimited(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let maximum = FileJobRules.maximumUnfinishedJobs
        let added = try await concurrently(maximum + 3) { _ in
            do {
                try await store.addFileJob(fixture.job(.delete), [FileJobItem(file: "a")])
                return 1
            } catch let error as PontoonError where error.code == .limitReached {
                return 0
            }
        }
        try expect(added.reduce(0, +), equals: maximum, "the number of unfinished jobs")
        try await fixture.finishOneJob(in: store, at: MetadataFixture.time)
        try await store.addFileJob(fixture.job(.delete), [FileJobItem(file: "a")])
        try await expectRefusal(.limitReached) {
            try await store.addFileJob(fixture.job(.delete), [FileJobItem(file: "a")])
        }
        let unknown = FileJob(
            id: "j",
            kind: .copy,
            userName: "nobody",
            tokenID: nil,
            createdOn: MetadataFixture.time
        )
        try await expectRefusal(.userNotFound) { try await store.addFileJob(unknown, []) }
    }

    private static func oldJobsAreRemoved(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for index in 0..<4 {
            try await store.addFileJob(fixture.job(.delete, after: Double(index)), [FileJobItem(file: "a")])
        }
        for index in 0..<3 {
            try await fixture.finishOneJob(in: store, at: MetadataFixture.time.addingTimeInterval(Double(index)))
        }
        let later = MetadataFixture.time.addingTimeInterval(1.5)
        try expect(try await store.pruneFileJobs(finishedBefore: later, limit: 1), equals: 1, "up to the limit")
        try expect(try await store.pruneFileJobs(finishedBefore: later, limit: 9), equals: 1, "the other old job")
        try expect(try await store.pruneFileJobs(finishedBefore: later, limit: 9), equals: 0, "no other job")
        let left = try await store.fileJobs(of: "ada", tokenID: nil, page: .all)
        try expect(left.items.map(\.progress.state), equals: [.submitted, .finished], "the other jobs")
        for item in left.items {
            try expect(try await store.items(ofFileJob: item.id, from: 0, limit: 9).count, equals: 1, "their items")
        }
    }

    private static func oneWorkerLeasesAJob(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let now = MetadataFixture.time
        try expect(try await !store.hasWaitingFileJob(now: now), "no job is waiting")
        for _ in 0..<3 { try await store.addFileJob(fixture.job(.copy), []) }
        let leased = try await concurrently(8) { index in
            var found: [String] = []
            while try await store.hasWaitingFileJob(now: now) {
                let lease = Lease(id: "\(index)-\(found.count)", expiresOn: now.addingTimeInterval(60))
                if let job = try await store.leaseFileJob(lease, now: now) { found.append(job.id) }
            }
            return found
        }.flatMap { $0 }
        try expect(leased.count, equals: 3, "each job is leased once")
        try expect(Set(leased).count, equals: 3, "each job is leased")
        let job = try await store.fileJob(leased[0])
        try expect(job?.startedOn, equals: now, "the start is recorded")
    }

    private static func workersLeaseDifferentJobs(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let (now, workers) = (MetadataFixture.time, 8)
        for round in 1...5 {
            for _ in 0..<workers { try await store.addFileJob(fixture.job(.copy), []) }
            let leased = try await concurrently(workers) { index in
                let lease = Lease(id: "\(round)-\(index)", expiresOn: .distantFuture)
                return try await store.leaseFileJob(lease, now: now)?.id
            }
            try expect(Set(leased.compactMap { $0 }).count, equals: workers, "each worker leases a job, round \(round)")
        }
    }

    private static func expiredLeaseIsTakenOver(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let start = MetadataFixture.time
        let job = fixture.job(.delete)
        try await store.addFileJob(job, [FileJobItem(file: "a")])
        let old = Lease(id: "old", expiresOn: start.addingTimeInterval(60))
        try expect(try await store.leaseFileJob(old, now: start)?.id, equals: job.id, "a new job is leased")
        let later = start.addingTimeInterval(60)
        let new = Lease(id: "new", expiresOn: later.addingTimeInterval(60))
        try expect(try await store.leaseFileJob(new, now: start.addingTimeInterval(59)), equals: nil, "a valid lease")
        let taken = try await store.leaseFileJob(new, now: later)
        try expect(taken?.startedOn, equals: start, "the start stays the same")
        var step = FileJobStep(at: FileJobProgress())
        step.progress.totalFiles = 7
        let lost = try await store.perform(step, ofFileJob: job.id, old, now: later)
        try expect(lost, equals: .lost, "the old lease is no longer valid")
        try await store.releaseFileJob(job.id, leaseID: "old", now: later)
        try expect(try await store.fileJob(job.id)?.progress, equals: FileJobProgress(), "nothing was changed")
        try expect(try await !store.hasWaitingFileJob(now: later), "the new lease is valid")
        let extended = Lease(id: "new", expiresOn: later.addingTimeInterval(90))
        try expect(try await store.perform(step, ofFileJob: job.id, extended, now: later), equals: .done(nil), "a step")
        try expect(try await store.fileJob(job.id)?.progress.totalFiles, equals: 7, "the progress is stored")
        try expect(try await !store.hasWaitingFileJob(now: later.addingTimeInterval(89)), "the lease was extended")
        try expect(try await store.hasWaitingFileJob(now: later.addingTimeInterval(90)), "the extended lease expires")
    }

    private static func jobsTakeTurns(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let jobs = [fixture.job(.copy), fixture.job(.copy, after: 1)]
        for job in jobs { try await store.addFileJob(job, []) }
        var order: [String] = []
        for second in 2..<6 {
            let now = MetadataFixture.time.addingTimeInterval(Double(second))
            let lease = Lease(id: "\(second)", expiresOn: now.addingTimeInterval(60))
            let job = try require(try await store.leaseFileJob(lease, now: now), "a job is waiting")
            try await store.releaseFileJob(job.id, leaseID: lease.id, now: now)
            order.append(job.id)
        }
        try expect(order, equals: (jobs + jobs).map(\.id), "a released job waits behind the others")
    }

    private static func usersTakeTurns(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        let many = (0..<9).map { fixture.job(.copy, after: Double($0)) }
        let few = [other.job(.copy, after: 20), other.job(.copy, after: 21)]
        for job in many + few { try await store.addFileJob(job, []) }
        var order: [String] = []
        for second in 30..<38 {
            let now = MetadataFixture.time.addingTimeInterval(Double(second))
            let lease = Lease(id: "\(second)", expiresOn: now.addingTimeInterval(60))
            let job = try require(try await store.leaseFileJob(lease, now: now), "a job is waiting")
            order.append(job.id)
            // Two jobs of each user stay leased.
            if second >= 34 { try await store.releaseFileJob(job.id, leaseID: lease.id, now: now) }
        }
        let firsts = [many[0], few[0], many[1], few[1]].map(\.id)
        try expect(order, equals: firsts + many[2..<6].map(\.id), "a user without a waiting job is passed over")
        let (start, late) = (MetadataFixture.time.addingTimeInterval(40), other.job(.copy, after: 39))
        try await store.addFileJob(late, [])
        let lease = Lease(id: "late", expiresOn: start.addingTimeInterval(60))
        let next = try await store.leaseFileJob(lease, now: start)
        try expect(next?.id, equals: late.id, "a new job waits for no more than one turn of each other user")
    }

    private static func jobsAreReleased(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let job = fixture.job(.copy)
        try await store.addFileJob(job, [])
        let (now, lease) = (MetadataFixture.time, Lease(id: "x", expiresOn: .distantFuture))
        _ = try await store.leaseFileJob(lease, now: now)
        try expect(try await !store.hasWaitingFileJob(now: now), "the job is leased")
        try await store.releaseFileJobs()
        try expect(try await store.hasWaitingFileJob(now: now), "the job is waiting again")
        let step = FileJobStep(at: FileJobProgress())
        try expect(try await store.perform(step, ofFileJob: job.id, lease, now: now), equals: .lost, "the old lease")
    }

    private static func jobsOfARemovedUserAreRemoved(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        let job = other.job(.copy)
        try await store.addFileJob(job, [FileJobItem(file: "a", destination: .folder(id: "b"))])
        let removed = try await store.removeUser("bob", givingProjectsTo: fixture.user.name)
        try expect(removed, equals: .removed, "the user is removed")
        try expect(try await store.fileJob(job.id), equals: nil, "the user's jobs")
        try expect(try await store.items(ofFileJob: job.id, from: 0, limit: 1), equals: [], "their items")
    }
}

extension MetadataFixture {
    /// Creates a job of the user, submitted `seconds` after ``time``, without storing it.
    func job(_ kind: FileJob.Kind, token: String? = nil, after seconds: Double = 0) -> FileJob {
        FileJob(
            id: Identifiers.uuid(),
            kind: kind,
            userName: user.name,
            tokenID: token,
            createdOn: Self.time.addingTimeInterval(seconds)
        )
    }

    /// Leases the next waiting job, finishes it, and checks that the time is recorded.
    func finishOneJob(in store: some MetadataStore, at now: Date) async throws {
        let lease = Lease(id: Identifiers.hex(bytes: 4), expiresOn: now.addingTimeInterval(60))
        let job = try require(try await store.leaseFileJob(lease, now: now), "a job is waiting")
        var step = FileJobStep(at: job.progress)
        step.progress.state = .finished
        try expect(try await store.perform(step, ofFileJob: job.id, lease, now: now), equals: .done(nil), "the step")
        try expect(try await store.fileJob(job.id)?.finishedOn, equals: now, "the time of the end is recorded")
    }
}
