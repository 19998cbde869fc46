import Foundation
import PontoonMetadata
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

@testable import PontoonCore

/// Reading the log for a webhook while its owner loses and regains the permission to read the project, and turns that
/// fail.
@Suite(.timeLimit(.minutes(10)))
struct WebhookScanTests {
    @Test("a scan does not pass events that the owner could not read")
    func lostPermission() async throws {
        try await withHarness { harness in
            // The webhook as it was read before its owner lost the permission.
            let webhook = try await harness.addWebhook(types: [.fileCreated])
            try await harness.removeOwner()
            try await harness.addFile("a")
            let scan = try await harness.dispatcher.scan(webhook, known: nil)
            try await harness.addOwner()
            // The end of a scan is stored after a minute.
            harness.clock.advance(by: 61)
            _ = try await harness.dispatcher.scan(webhook, known: scan)
            try await harness.expectDelivery(of: ["file.created"], to: webhook)
        }
    }

    @Test("a scan does not pass events of types that were added in the meantime")
    func newTypes() async throws {
        try await withHarness { harness in
            let webhook = try await harness.addWebhook(types: [.folderCreated])
            let scan = try await harness.dispatcher.scan(webhook, known: nil)
            harness.clock.advance(by: 61)
            _ = try await harness.metadata.updateWebhook(webhook.id) { $0.types = [.fileCreated] }
            try await harness.addFile("a")
            _ = try await harness.dispatcher.scan(webhook, known: scan)
            try await harness.expectDelivery(of: ["file.created"], to: webhook)
        }
    }

    @Test("a turn does not pass events that the owner could not read after the lease was acquired")
    func lostPermissionInTurn() async throws {
        try await withHarness { harness in
            let webhook = try await harness.addWebhook(types: [.fileCreated])
            try await harness.removeOwner()
            try await harness.addFile("a")
            var turn = WebhookTurn(progress: webhook.progress)
            let events = try await harness.dispatcher.nextEvents(of: webhook, &turn)
            #expect(events.isEmpty && turn.progress.cursor == webhook.progress.cursor)
            try await harness.addOwner()
            try await harness.expectDelivery(of: ["file.created"], to: webhook)
        }
    }

    @Test("a scan passes events that do not match, and its end is stored after a minute")
    func otherEvents() async throws {
        try await withHarness { harness in
            let webhook = try await harness.addWebhook(types: [.folderCreated])
            try await harness.addFile("a")
            let last = try await harness.metadata.lastEvent()
            let scan = try #require(try await harness.dispatcher.scan(webhook, known: nil))
            #expect(scan.end == last && last != webhook.progress.cursor)
            #expect(try await harness.metadata.webhook(webhook.id)?.progress.cursor == webhook.progress.cursor)
            harness.clock.advance(by: 61)
            _ = try await harness.dispatcher.scan(webhook, known: scan)
            #expect(try await harness.metadata.webhook(webhook.id)?.progress.cursor == last)
        }
    }

    @Test("a turn whose end cannot be recorded fails with its numbers of attempts, and sends the events again")
    func unrecordedEnd() async throws {
        try await withHarness { harness in
            let webhook = try await harness.addWebhook(types: [.fileCreated])
            try await harness.addFile("a")
            let driver = harness.driver
            harness.receiver.beforeAccepting.withLock { $0 = { driver.failNextWrite(.beforeCommit) } }
            let failure = await #expect(throws: WebhookDispatcher.TurnFailure.self) {
                try await harness.dispatcher.turn(webhook.id)
            }
            #expect(failure?.turn.delivered == 1)
            #expect(try await harness.metadata.webhook(webhook.id)?.progress.cursor == webhook.progress.cursor)
            harness.receiver.beforeAccepting.withLock { $0 = {} }
            // The lease has not been released.
            harness.clock.advance(by: 61)
            let turn = try #require(try await harness.dispatcher.turn(webhook.id))
            #expect(turn.delivered == 1 && harness.receiver.accepted == ["file.created", "file.created"])
        }
    }

    private func withHarness(_ body: (Harness) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let settings = SQLiteSettings(path: folder.appending("db").string)
            let driver = FaultyDriver(try await SQLiteDriver.open(settings))
            let metadata = try await SQLMetadataStore(driver: driver)
            let fixture = try await MetadataFixture(in: metadata)
            let harness = Harness(driver: driver, metadata: metadata, fixture: fixture)
            let result: Result<Void, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            try await metadata.close()
            try result.get()
        }
    }
}

/// A store with a project, in which single writes can fail, and a dispatcher whose receiver accepts all events.
private struct Harness: Sendable {
    let driver: FaultyDriver
    let metadata: SQLMetadataStore
    let fixture: MetadataFixture
    let clock = ManualClock()
    let receiver = AcceptingReceiver()

    private static let owner = "bob"

    var dispatcher: WebhookDispatcher {
        WebhookDispatcher(
            metadata: metadata,
            feed: EventFeed(store: metadata, publishes: true),
            alarm: Alarm(),
            sender: receiver,
            encode: { Array($0.type.utf8) },
            now: { clock.now }
        )
    }

    /// Adds a webhook of a member of the project.
    func addWebhook(types: Set<EventType>) async throws -> Webhook {
        try await metadata.addUser(User(name: Self.owner, createdOn: clock.now))
        try await addOwner()
        let webhook = Webhook(
            id: Identifiers.hex(bytes: 12),
            project: fixture.project.id,
            owner: Self.owner,
            createdOn: clock.now,
            target: try WebhookURL("https://receiver.example/"),
            types: types,
            secrets: WebhookSecrets(current: WebhookSecrets.random()),
            progress: WebhookProgress(cursor: try await metadata.lastEvent(), nextAttemptOn: clock.now)
        )
        try await metadata.addWebhook(webhook)
        return webhook
    }

    func addOwner() async throws {
        #expect(
            try await metadata.addMember(Member(userName: Self.owner, permissions: .all), to: fixture.project.id)
        )
    }

    func removeOwner() async throws {
        #expect(try await metadata.removeMember(Self.owner, from: fixture.project.id))
    }

    func addFile(_ name: String) async throws { _ = try await fixture.addFile(name, to: metadata) }

    /// Checks that the stored cursor equals the cursor of `webhook`, and that a turn delivers exactly the events of
    /// these types, in this order.
    ///
    /// The receiver must not have accepted any events before.
    func expectDelivery(of types: [String], to webhook: Webhook) async throws {
        #expect(try await metadata.webhook(webhook.id)?.progress.cursor == webhook.progress.cursor)
        let turn = try #require(try await dispatcher.turn(webhook.id))
        #expect(turn.delivered == types.count && receiver.accepted == types)
    }
}

private final class ManualClock: Sendable {
    private let time = Mutex(MetadataFixture.time)

    var now: Date { time.withLock { $0 } }

    func advance(by seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

/// A receiver in memory that accepts every event.
private final class AcceptingReceiver: WebhookSender, WebhookConnection {
    /// Called for each request before it is accepted.
    let beforeAccepting = Mutex<@Sendable () -> Void>({})
    private let bodies = Mutex<[String]>([])

    var accepted: [String] { bodies.withLock { $0 } }

    func open(_ target: WebhookURL, attempt: Int) async -> any WebhookConnection { self }

    func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome {
        beforeAccepting.withLock { $0() }
        bodies.withLock { $0.append(String(decoding: body, as: UTF8.self)) }
        return .accepted(status: 200)
    }

    func close() async {}
}
