import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// Completions and maintenance by several servers that share their stores and, in these tests, a process.
///
/// A server may stall or die.
@Suite(.timeLimit(.minutes(10)))
struct LeasedCompletionTests {
    @Test("a server that stalls longer than its lease loses the upload to another, and returns the other's file")
    func takenOver() async throws {
        try await withStores { stores in
            let gate = Gate()
            let first = stores.server(finishingBehind: gate)
            let second = stores.server(clock: { Date().addingTimeInterval(3600) })
            let id = try await stores.begin(first)
            try await withThrowingTaskGroup { group in
                group.addTask { try await first.complete(id, reports: [], caller: stores.user) }
                try await gate.reached()
                // There is never a second file, not even while the first server is still working.
                let file = try await second.complete(id, reports: [], caller: stores.user)
                gate.open()
                #expect(try await group.next() == file)
                let list = try await stores.metadata.files(in: stores.root, filter: FileFilter(), window: .page(.all))
                #expect(list.items == [file])
            }
        }
    }

    @Test("while a server renews its lease, other servers wait for it")
    func renewed() async throws {
        try await withStores { stores in
            let gate = Gate()
            let first = stores.server(finishingBehind: gate)
            let second = stores.server()
            let id = try await stores.begin(first)
            try await withThrowingTaskGroup { group in
                group.addTask { try await first.complete(id, reports: [], caller: stores.user) }
                try await gate.reached()
                group.addTask { try await second.complete(id, reports: [], caller: stores.user) }
                let begun = try #require(try await stores.metadata.upload(id)?.leaseExpiresOn)
                try await eventually("the lease is renewed") {
                    try await stores.metadata.upload(id)?.leaseExpiresOn != begun
                }
                gate.open()
                let files = try await group.reduce(into: Set<File>()) { $0.insert($1) }
                #expect(files.count == 1)
            }
        }
    }

    @Test("maintenance releases the leases of dead servers, but not those of live ones")
    func recovered() async throws {
        try await withStores { stores in
            let server = stores.server()
            let id = try await stores.begin(server)
            let lease = Lease(id: "dead", expiresOn: Date().addingTimeInterval(60))
            #expect(try await stores.metadata.acquireCompletionLease(of: id, lease, now: Date()))
            #expect(await stores.maintenance(server).run().errors.isEmpty)
            #expect(try await stores.metadata.upload(id)?.state == .completing)
            let later = stores.maintenance(server) { Date().addingTimeInterval(61) }
            #expect(await later.run().errors.isEmpty)
            #expect(try await stores.metadata.upload(id)?.state == .active)
            let file = try await server.complete(id, reports: [], caller: stores.user)
            #expect(file.name == "a.bin")
        }
    }

    @Test("a failed rollback does not prevent the rollbacks of other uploads")
    func failingRollback() async throws {
        try await withStores { stores in
            let broken = Mutex<Set<ObjectKey>>([])
            let server = stores.server(beforeRevert: { key in
                if broken.withLock({ $0.contains(key) }) { throw Errno.ioError }
            })
            let ids = [try await stores.begin(server), try await stores.begin(server), try await stores.begin(server)]
            for id in ids {
                let lease = Lease(id: "dead", expiresOn: Date().addingTimeInterval(-1))
                #expect(try await stores.metadata.acquireCompletionLease(of: id, lease, now: Date()))
            }
            let key = try #require(try await stores.metadata.upload(ids[0])).key
            broken.withLock { _ = $0.insert(key) }
            await #expect(throws: Errno.ioError) { try await server.completion.recover(leasedUntil: Date()) }
            #expect(try await stores.metadata.upload(ids[0])?.state == .completing)
            for id in ids[1...] { #expect(try await stores.metadata.upload(id)?.state == .active) }
            broken.withLock { $0 = [] }
            try await server.completion.retryRollbacks()
            #expect(try await stores.metadata.upload(ids[0])?.state == .active)
        }
    }

    @Test("one server at a time runs maintenance, and another takes over if it dies")
    func housekeeping() async throws {
        try await withStores { stores in
            let server = stores.server()
            let lease = Lease(id: "another", expiresOn: Date().addingTimeInterval(60))
            #expect(try await stores.metadata.acquireLease("housekeeping", lease, now: Date()))
            let old = try await stores.begin(server)
            let now = stores.maintenance(server, lifetime: .zero)
            #expect(await now.run().expired.isEmpty)
            #expect(try await stores.metadata.upload(old) != nil)
            let later = stores.maintenance(server, lifetime: .zero) { Date().addingTimeInterval(61) }
            #expect(await later.run().expired == [old])
            let next = Lease(id: "a third", expiresOn: Date().addingTimeInterval(60))
            #expect(try await stores.metadata.acquireLease("housekeeping", next, now: Date()), "not released")
        }
    }

    @Test("the only server of its stores runs maintenance again after it was killed during maintenance")
    func killedDuringMaintenance() async throws {
        try await withStores { stores in
            let server = stores.server()
            let lease = Lease(id: "killed", expiresOn: .distantFuture)
            #expect(try await stores.metadata.acquireLease("housekeeping", lease, now: Date()))
            let old = try await stores.begin(server)
            let later = stores.maintenance(server, lifetime: .zero, leaseDuration: nil) {
                Date().addingTimeInterval(60)
            }
            try await later.recover()
            let report = await later.run()
            #expect(report.expired == [old] && report.errors.isEmpty)
        }
    }

    @Test("a server whose cached upload is outdated learns its state when completing it", arguments: Fate.allCases)
    func remembered(fate: Fate) async throws {
        try await withStores { stores in
            let (first, second) = (stores.server(), stores.server(on: stores.others))
            let id = try await stores.begin(first)
            #expect(try await stores.others.upload(id, reading: .cached)?.state == .active)
            let rights = try await stores.others.permissions(of: stores.user.name, in: stores.project, reading: .cached)
            #expect(rights?.allows(.write) == true)
            switch fate {
            case .completed:
                let file = try await first.complete(id, reports: [], caller: stores.user)
                #expect(try await second.complete(id, reports: [], caller: stores.user) == file)
                return
            case .aborted: try await first.abort(id, caller: stores.user)
            case .initiatorLeft: _ = try await stores.metadata.removeMember(stores.user.name, from: stores.project)
            }
            let error = await #expect(throws: PontoonError.self) {
                try await second.complete(id, reports: [], caller: stores.user)
            }
            #expect(error?.code == (fate == .aborted ? .uploadNotFound : .uploadForbidden))
            let list = try await stores.metadata.files(in: stores.root, filter: FileFilter(), window: .page(.all))
            #expect(list.items.isEmpty)
        }
    }

    /// A change that another server makes to an upload.
    enum Fate: CaseIterable {
        case completed, aborted, initiatorLeft
    }

    private func withStores(_ body: (SharedStores) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let stores = try await SharedStores(folder)
            let result: Result<Void, any Error>
            do { result = .success(try await body(stores)) } catch { result = .failure(error) }
            try await stores.disk.shutDown()
            try await stores.others.close()
            try await stores.metadata.close()
            try result.get()
        }
    }
}

/// The stores that the servers of a test share.
private struct SharedStores: Sendable {
    let metadata: SQLMetadataStore
    /// A second store on the same database, with a separate cache.
    let others: SQLMetadataStore
    let disk: DiskObjectStore
    let user: Caller
    let project: ProjectID
    let root: String

    init(_ folder: FilePath) async throws {
        metadata = try await SQLMetadataStore.open(SQLiteSettings(path: folder.appending("db").string))
        others = try await SQLMetadataStore.open(SQLiteSettings(path: folder.appending("db").string))
        disk = try DiskObjectStore(
            DiskSettings(folder: folder.appending("objects"), threads: 2)
        )
        let fixture = try await MetadataFixture(in: metadata)
        user = Caller(fixture.user)
        project = fixture.project.id
        root = fixture.root
    }

    /// Creates the use case that completes uploads, with leases that even a busy machine renews in time.
    func server(
        on own: SQLMetadataStore? = nil,
        finishingBehind gate: Gate? = nil,
        beforeRevert: @escaping @Sendable (ObjectKey) async throws -> Void = { _ in },
        clock: @escaping @Sendable () -> Date = { Date() }
    ) -> Uploads {
        let metadata = own ?? metadata
        return Uploads(
            metadata: metadata,
            storage: InterceptedStore(
                store: disk,
                beforeFinish: { try await gate?.pass() },
                beforeRevert: beforeRevert
            ).storage(metadata: metadata),
            sizing: PartSizing(),
            leaseDuration: .seconds(15),
            now: clock
        )
    }

    /// Creates the maintenance of a server.
    func maintenance(
        _ server: Uploads,
        lifetime: Duration = .seconds(7 * 24 * 3600),
        leaseDuration: Duration? = .seconds(30),
        clock: @escaping @Sendable () -> Date = { Date() }
    ) -> Maintenance {
        Maintenance(
            metadata: metadata,
            storage: InterceptedStore(store: disk).storage(metadata: metadata),
            completion: server.completion,
            keys: KeyRing(store: metadata, rotationInterval: .seconds(1), urlLifetime: .seconds(1)),
            leaseDuration: leaseDuration,
            uploadLifetime: lifetime,
            now: clock
        )
    }

    /// Starts an empty upload.
    func begin(_ server: Uploads) async throws -> String {
        let content = DeclaredContent(name: "a.bin", size: 0)
        return try await server.initialize(content, in: .project(project), rule: .fail, caller: user).id
    }
}
