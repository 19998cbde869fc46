import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonMetadata

/// Copying of all metadata from one database to another.
struct MetadataCopyTests {
    @Test("every table is either copied or listed as specific to one database")
    func tables() async throws {
        try await withSQLiteDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            let names = try await driver.read { connection in
                Set(
                    try connection.query(
                        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                    )
                    .map { try $0.text("name") }
                )
            }
            let stays: Set = ["schema_migrations", "leases", "properties", "moved_objects", "password_attempts"]
            #expect(names == stays.union(TableCopySpec.all.map(\.name)))
        }
    }

    @Test("the copy equals the original, even if copying is repeated", arguments: [false, true])
    func everything(_ isCut: Bool) async throws {
        try await withSQLiteStore { source in
            let fixture = try await fill(source)
            try await withSQLiteStore { target in
                let move = MetadataCopy(from: source, to: target, withOpenUploads: true)
                #expect(try await move.isTargetEmpty())
                if isCut {
                    // Simulates an earlier attempt that copied a row which has since been deleted in the source.
                    try await move.run { _, _ in }
                    _ = try await target.addProject(MetadataFixture.project(ProjectID(owner: "ada", shortName: "late")))
                    #expect(try await !move.isTargetEmpty())
                }
                try await move.run { _, _ in }
                for table in TableCopySpec.all {
                    let rows = try await source.read { try table.rows($0, after: nil, limit: 5000) }
                    let copies = try await target.read { try table.rows($0, after: nil, limit: 5000) }
                    #expect(rows.count == copies.count, "\(table.name)")
                }
                let page = Page(offset: 0, limit: 100)
                let found = try await target.files(in: fixture.root, filter: FileFilter(), window: .page(page))
                let wanted = try await source.files(in: fixture.root, filter: FileFilter(), window: .page(page))
                #expect(found.items == wanted.items && found.total == wanted.total && found.total == 3)
                #expect(try await target.uploads(of: "ada", page: page).total == 1)
                // Migrated servers continue the jobs.
                let folder = try await source.folder(ofFileJob: "j", depth: 1)
                #expect(try await target.folder(ofFileJob: "j", depth: 1) == folder && folder != nil)
                #expect(try await target.fileJob("j")?.progress == FileJobProgress(depth: 1))
            }
        }
    }

    @Test("a repeated copy, as after an interrupted restore, disables webhooks that are active again")
    func restoredWebhooks() async throws {
        try await withSQLiteStore { source in
            let fixture = try await MetadataFixture(in: source)
            let cursor = try await source.lastEvent()
            let webhook = Webhook(
                id: Identifiers.hex(bytes: 12),
                project: fixture.project.id,
                owner: fixture.user.name,
                createdOn: MetadataFixture.time,
                target: try WebhookURL("https://receiver.example/"),
                types: [.fileCreated],
                secrets: WebhookSecrets(current: WebhookSecrets.random()),
                progress: WebhookProgress(cursor: cursor, nextAttemptOn: MetadataFixture.time)
            )
            try await source.addWebhook(webhook)
            try await withSQLiteStore { target in
                for attempt in 1...2 {
                    try await MetadataCopy(from: source, to: target, withOpenUploads: false).run { _, _ in }
                    #expect(try await target.webhook(webhook.id)?.state == .active, "attempt \(attempt)")
                    let count = try await target.prepareRestoredWebhooks(disabling: true, now: MetadataFixture.time)
                    #expect(count == 1, "attempt \(attempt)")
                    #expect(try await target.webhook(webhook.id)?.state == .disabled, "attempt \(attempt)")
                }
            }
        }
    }

    @Test("unfinished uploads are omitted if their bytes are not copied, and no total includes them")
    func openUploads() async throws {
        try await withSQLiteStore { source in
            let fixture = try await fill(source)
            try await withSQLiteStore { target in
                try await MetadataCopy(from: source, to: target, withOpenUploads: false).run { _, _ in }
                let page = Page(offset: 0, limit: 100)
                #expect(try await target.uploads(of: fixture.user.name, page: page).total == 0)
                #expect(try await target.openUploadKeys() == [])
                #expect(try await target.files(in: fixture.root, filter: FileFilter(), window: .page(page)).total == 3)
            }
        }
    }

    @Test("cursors of the source remain valid, and new events follow the copied ones", arguments: TestDatabase.all)
    func events(_ database: TestDatabase) async throws {
        try await withSQLiteStore { source in
            let fixture = try await MetadataFixture(in: source)
            for name in ["a", "b", "c"] { try await source.addFolder(fixture.folder(name)) }
            #expect(try await source.pruneEvents(before: Date().addingTimeInterval(60), limit: 1) == 1)
            let filter = EventFilter(userName: "ada")
            let events = try await source.allEvents(filter)
            try await withStore(in: database) { target in
                try await MetadataCopy(from: source, to: target, withOpenUploads: true).run { _, _ in }
                for key in [StoreMetadataKey.eventLog, .prunedEvents] {
                    try await target.setMetadataValue(try await source.metadataValue(for: key), for: key)
                }
                #expect(try await target.allEvents(filter) == events)
                try await target.addFolder(fixture.folder("d"))
                let new = try await target.publishedEvents(filter, after: events.last?.cursor)
                #expect(new.count == 1 && !events.map(\.id).contains(new[0].id))
                #expect(try await target.allEvents(filter) == events + new)
            }
        }
    }

    /// Adds at least one row to every table, nested folders, and more rows than are copied in one batch.
    private func fill(_ store: SQLMetadataStore) async throws -> MetadataFixture {
        let fixture = try await MetadataFixture(in: store)
        let (outer, other) = (fixture.folder("outer"), fixture.folder("other"))
        try await store.addFolder(outer)
        try await store.addFolder(other)
        var inner = outer
        for depth in 0..<4 {
            let folder = fixture.folder("inner \(depth)", in: inner.id)
            try await store.addFolder(folder)
            inner = folder
        }
        try await fixture.addFile("a", to: store, tags: ["t", "ü"], metadata: ["k": "v"])
        for index in 0..<520 { try await fixture.addFile("\(index)", in: inner.id, to: store) }
        let (_, session) = try await fixture.addLink(to: store)
        let open = fixture.upload("open", session: session)
        try await store.addUpload(open, labels: FileLabels(metadata: ["k": "v"], tags: ["t"]), maximum: 1)
        for number in 1...3 { _ = try await store.recordPart(try MetadataFixture.part(number), of: open.id) }
        let rights = TokenRights(scope: .upload, projects: [fixture.project.id])
        let details = TokenDetails(name: "ü", rights: rights, expiresOn: Date().addingTimeInterval(60))
        let (record, token) = try await Accounts(metadata: store).createToken(for: "ada", details)
        #expect(!record.id.isEmpty && !token.value.isEmpty)
        try await store.addSigningKey(.random(now: MetadataFixture.time))
        try await store.addFileJob(
            FileJob(id: "j", kind: .delete, userName: "ada", tokenID: nil, createdOn: MetadataFixture.time),
            [FileJobItem(file: inner.id)]
        )
        let lease = Lease(id: "l", expiresOn: MetadataFixture.time.addingTimeInterval(60))
        #expect(try await store.leaseFileJob(lease, now: MetadataFixture.time) != nil)
        var step = FileJobStep(at: FileJobProgress())
        (step.entered, step.progress.depth) = (inner.id, 1)
        #expect(try await store.perform(step, ofFileJob: "j", lease, now: MetadataFixture.time) == .done(nil))
        let gone = try await fixture.addFile("gone", to: store)
        #expect(try await store.deleteFile(gone.id))
        return fixture
    }
}
