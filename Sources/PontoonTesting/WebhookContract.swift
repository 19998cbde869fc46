import Foundation
package import PontoonCore

/// Rules for ``WebhookStore``.
package enum WebhookContract: MetadataRule, CaseIterable {
    case webhooksAreListed
    case webhooksAreLimited
    case oneServerLeasesAWebhook
    case aTurnIsRecordedOnce
    case changesTakeTheLeaseAway
    case onlyPendingWebhooksAreFound
    case theOwnerMustBeAbleToRead
    case eventsAreReadWithThePermissionsAndTypesOfTheMoment
    case theOldestUndeliveredEventIsThatOfAnActiveWebhook
    case deadDeliveriesAreBounded
    case deadDeliveriesAreQueued
    case webhooksEndWithTheirProjectAndOwner

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .webhooksAreListed: try await Self.lists(store, fixture)
        case .webhooksAreLimited: try await Self.limits(store, fixture)
        case .oneServerLeasesAWebhook: try await Self.leases(store, fixture)
        case .aTurnIsRecordedOnce: try await Self.turns(store, fixture)
        case .changesTakeTheLeaseAway: try await Self.changes(store, fixture)
        case .onlyPendingWebhooksAreFound: try await Self.pending(store, fixture)
        case .theOwnerMustBeAbleToRead: try await Self.permissions(store, fixture)
        case .eventsAreReadWithThePermissionsAndTypesOfTheMoment: try await Self.events(store, fixture)
        case .theOldestUndeliveredEventIsThatOfAnActiveWebhook: try await Self.undelivered(store, fixture)
        case .deadDeliveriesAreBounded: try await Self.bounds(store, fixture)
        case .deadDeliveriesAreQueued: try await Self.queue(store, fixture)
        case .webhooksEndWithTheirProjectAndOwner: try await Self.deletion(store, fixture)
        }
    }

    private static let now = MetadataFixture.time
    private static let later = now.addingTimeInterval(60)

    private static func lists(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var webhooks: [Webhook] = []
        for index in 0..<3 {
            var webhook = try await fixture.webhook(in: store, after: Double(index))
            webhook.types = index == 0 ? nil : [.fileCreated, .uploadCompleted]
            try await store.addWebhook(webhook)
            try expect(try await store.webhook(webhook.id), equals: webhook, "the stored webhook")
            webhooks.insert(webhook, at: 0)
        }
        let all = try await store.webhooks(of: fixture.project.id, page: .all)
        try expect(all.items, equals: webhooks, "the newest webhook is the first")
        let page = try await store.webhooks(of: fixture.project.id, page: Page(offset: 1, limit: 1))
        try expect(page.items, equals: [webhooks[1]], "a page")
        try expect([all.total, page.total], equals: [3, 3], "the totals")
        let global = try await fixture.webhook(in: store, ofProject: false)
        try await store.addWebhook(global)
        try expect(try await store.webhook(global.id), equals: global, "a webhook of all projects")
        let ids = try await store.webhooks().map(\.id)
        try expect(ids, equals: (webhooks + [global]).map(\.id).sorted(), "all webhooks")
        try expect(try await store.webhook("nope"), equals: nil, "an unknown webhook")
        try expect(try await store.deleteWebhook(global.id), "a webhook is deleted")
        try expect(try await !store.deleteWebhook(global.id), "a deleted webhook")
        let lost = try await store.updateWebhook(global.id) { _ in }
        try expect(lost, equals: nil, "a deleted webhook is not changed")
    }

    private static func limits(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let added = try await concurrently(WebhookRules.maximumPerProject + 3) { _ in
            do {
                try await store.addWebhook(try await fixture.webhook(in: store))
                return 1
            } catch let error as PontoonError where error.code == .limitReached {
                return 0
            }
        }
        try expect(added.reduce(0, +), equals: WebhookRules.maximumPerProject, "the number of webhooks")
        try await store.addWebhook(try await fixture.webhook(in: store, ofProject: false))
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        try await expectRefusal(.projectNotFound) { try await store.addWebhook(try await fixture.webhook(in: store)) }
    }

    private static func leases(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        let leased = try await concurrently(8) { index in
            let lease = Lease(id: "\(index)", expiresOn: later)
            return try await store.leaseWebhook(webhook.id, lease, now: now) == nil ? 0 : 1
        }
        try expect(leased.reduce(0, +), equals: 1, "the number of servers that lease the webhook")
        let new = Lease(id: "new", expiresOn: later.addingTimeInterval(60))
        let taken = try await store.leaseWebhook(webhook.id, new, now: later)
        try expect(taken?.id, equals: webhook.id, "an expired lease")
        try await store.releaseWebhooks()
        try expect(try await store.leaseWebhook(webhook.id, new, now: now)?.id, equals: webhook.id, "a released lease")
        try expect(try await store.leaseWebhook("nope", new, now: now), equals: nil, "an unknown webhook")
    }

    private static func turns(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        _ = try await store.leaseWebhook(webhook.id, Lease(id: "a", expiresOn: later), now: now)
        var turn = WebhookTurn(progress: webhook.progress)
        turn.progress.cursor = EventCursor(log: webhook.progress.cursor.log, position: 7)
        turn.progress.attempts = 2
        turn.progress.failingSince = now
        turn.progress.pendingSince = now
        turn.progress.nextAttemptOn = later
        turn.progress.lastAttempt = WebhookAttempt(time: now, status: 500, error: "x")
        turn.delivered = 3
        try expect(try await !store.endTurn(turn, of: webhook.id, leaseID: "b", now: now), "another lease")
        try expect(try await store.webhook(webhook.id), equals: webhook, "nothing was changed")
        try expect(try await store.endTurn(turn, of: webhook.id, leaseID: "a", now: now), "the lease")
        try expect(try await !store.endTurn(turn, of: webhook.id, leaseID: "a", now: now), "the lease was released")
        let after = try await store.webhook(webhook.id)
        try expect(after?.progress, equals: turn.progress, "the progress")
        try expect(after?.delivered, equals: 3, "the number of accepted events")
        let cursor = turn.progress.cursor
        let next = EventCursor(log: cursor.log, position: 9)
        try await store.moveWebhook(webhook.id, from: webhook.progress.cursor, to: next, now: now)
        try expect(try await store.webhook(webhook.id)?.progress.cursor, equals: cursor, "another position")
        try await store.moveWebhook(webhook.id, from: cursor, to: next, now: now)
        try expect(try await store.webhook(webhook.id)?.progress.cursor, equals: next, "the moved cursor")
        _ = try await store.leaseWebhook(webhook.id, Lease(id: "c", expiresOn: later), now: now)
        turn.state = .disabled
        _ = try await store.endTurn(turn, of: webhook.id, leaseID: "c", now: now)
        try expect(try await store.webhook(webhook.id)?.state, equals: .disabled, "the state")
    }

    private static func changes(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        _ = try await store.leaseWebhook(webhook.id, Lease(id: "a", expiresOn: later), now: now)
        let target = try WebhookURL("https://b.example/")
        let cursor = EventCursor(log: webhook.progress.cursor.log, position: 0)
        let changed = try await store.updateWebhook(webhook.id) { webhook in
            webhook.target = target
            webhook.types = [.fileDeleted]
            webhook.secrets.rotate(to: Secret("whsec_new"), now: now)
            webhook.progress.cursor = cursor
        }
        try expect(changed?.target, equals: target, "the URL")
        try expect(changed?.types, equals: [.fileDeleted], "the types")
        try expect(changed?.secrets.previous, equals: webhook.secrets.current, "the previous secret")
        try expect(changed?.secrets.valid(now: now).count, equals: 2, "the valid secrets")
        let ended = try await store.endTurn(
            WebhookTurn(progress: webhook.progress),
            of: webhook.id,
            leaseID: "a",
            now: now
        )
        try expect(!ended, "a turn that began before the change")
        try expect(try await store.webhook(webhook.id)?.progress.cursor, equals: cursor, "the position")
        try await expectRefusal(.badRequest) {
            _ = try await store.updateWebhook(webhook.id) { webhook throws(PontoonError) in
                webhook.state = .disabled
                throw PontoonError(.badRequest, "x")
            }
        }
        try expect(try await store.webhook(webhook.id)?.state, equals: .active, "a refused change")
    }

    private static func pending(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try expect(try await !store.hasActiveWebhooks(), "there is none")
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        let end = webhook.progress.cursor
        func found(_ last: EventCursor) async throws -> [String] {
            try await store.pendingWebhooks(last: last).map(\.webhook.id)
        }
        try expect(try await store.hasActiveWebhooks(), "an active webhook")
        try expect(try await found(end), equals: [], "at the end of the log")
        let next = EventCursor(log: end.log, position: end.position + 1)
        try expect(try await found(next), equals: [webhook.id], "before the end")
        try expect(try await found(EventCursor(log: "0", position: 0)), equals: [webhook.id], "another log")
        _ = try await store.leaseWebhook(webhook.id, Lease(id: "a", expiresOn: later), now: now)
        try expect(try await store.pendingWebhooks(last: next).map(\.leasedUntil), equals: [later], "a leased webhook")
        _ = try await store.updateWebhook(webhook.id) { $0.state = .disabled }
        try expect(try await found(next), equals: [], "a disabled webhook")
        try expect(try await !store.hasActiveWebhooks(), "a disabled webhook is not active")
        let lease = try await store.leaseWebhook(webhook.id, Lease(id: "b", expiresOn: later), now: now)
        try expect(lease, equals: nil, "a disabled webhook is not leased")
    }

    private static func permissions(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: now))
        let bob = Member(userName: "bob", permissions: .all)
        try expect(try await store.addMember(bob, to: fixture.project.id), "a member is added")
        let webhook = try await fixture.webhook(in: store, owner: "bob")
        try await store.addWebhook(webhook)
        try expect(try await store.removeMember("bob", from: fixture.project.id), "the member is removed")
        try expect(try await store.webhook(webhook.id)?.isUsable, equals: false, "a former member")
        let last = try await store.lastEvent()
        try expect(try await store.pendingWebhooks(last: last).map(\.webhook.id), equals: [], "a former member's")
        let lease = try await store.leaseWebhook(webhook.id, Lease(id: "a", expiresOn: later), now: now)
        try expect(lease, equals: nil, "it is not leased")
        try expect(try await store.addMember(bob, to: fixture.project.id), "the member is added again")
        try expect(try await store.webhook(webhook.id)?.isUsable, equals: true, "a member again")
        let again = try await store.leaseWebhook(webhook.id, Lease(id: "b", expiresOn: later), now: now)
        try expect(again?.id, equals: webhook.id, "it is leased")
    }

    private static func events(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: now))
        let bob = Member(userName: "bob", permissions: .all)
        try expect(try await store.addMember(bob, to: fixture.project.id), "a member is added")
        var webhook = try await fixture.webhook(in: store, owner: "bob")
        let (id, cursor) = (webhook.id, webhook.progress.cursor)
        webhook.types = [.fileCreated, .memberRemoved, .memberAdded]
        try await store.addWebhook(webhook)
        func found() async throws -> [String]? {
            try await store.publishEvents()
            return try await store.events(of: id, after: cursor, limit: 9)?.events.map(\.type)
        }
        try expect(try await found(), equals: [], "there is no event yet")
        try await fixture.addFile("a", to: store)
        try expect(try await store.removeMember("bob", from: fixture.project.id), "the member is removed")
        try expect(try await found(), equals: nil, "without the permission, there is no page")
        try expect(try await store.addMember(bob, to: fixture.project.id), "the member is added again")
        let all = [EventType.fileCreated, .memberRemoved, .memberAdded].map(\.rawValue)
        try expect(try await found(), equals: all, "the events of the meantime are there")
        _ = try await store.updateWebhook(id) { $0.types = [.memberAdded] }
        try expect(try await found(), equals: [all[2]], "the types have changed")
        let other = EventCursor(log: "0123456789abcdef", position: 1)
        try await expectRefusal(.eventsExpired) { try await store.events(of: id, after: other, limit: 9) }
        try expect(try await store.deleteWebhook(id), "the webhook is deleted")
        try expect(try await found(), equals: nil, "a deleted webhook")
    }

    private static func undelivered(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: now))
        let bob = Member(userName: "bob", permissions: .all)
        try expect(try await store.addMember(bob, to: fixture.project.id), "a member is added")
        let (ofBob, ofAll) = (
            try await fixture.webhook(in: store, owner: "bob"), try await fixture.webhook(in: store, ofProject: false)
        )
        for (webhook, time) in [(ofBob, now), (ofAll, later)] {
            try await store.addWebhook(webhook)
            try await fixture.end(webhook, in: store) { $0.progress.pendingSince = time }
        }
        func oldest() async throws -> Date? { try await store.storeTotals().oldestUndelivered }
        try expect(try await oldest(), equals: now, "two webhooks have an event to deliver")
        try expect(try await store.removeMember("bob", from: fixture.project.id), "the member is removed")
        try expect(try await oldest(), equals: later, "a suspended webhook does not count")
        try expect(try await store.addMember(bob, to: fixture.project.id), "the member is added again")
        try expect(try await oldest(), equals: now, "the webhook is active again")
        for webhook in [ofBob, ofAll] { _ = try await store.updateWebhook(webhook.id) { $0.state = .disabled } }
        try expect(try await oldest(), equals: nil, "disabled webhooks do not count")
    }

    private static func bounds(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        let count = WebhookRules.keptDeliveries
        for batch in 0..<3 {
            let dead = (0..<count / 2).map { fixture.delivery(batch * count / 2 + $0, of: webhook) }
            try await fixture.end(webhook, in: store) { $0.dead = dead }
        }
        let kept = try await store.deadDeliveries(of: webhook.id, page: .all)
        try expect(kept.total, equals: count, "the number of kept deliveries")
        let newest = fixture.delivery(3 * (count / 2) - 1, of: webhook)
        try expect(kept.items.first, equals: newest, "the most recent is the first")
        try expect(kept.items.last, equals: fixture.delivery(count / 2, of: webhook), "the oldest ones were removed")
        try expect(try await store.webhook(webhook.id)?.dead, equals: Int64(3 * (count / 2)), "all are counted")
        let page = try await store.deadDeliveries(of: webhook.id, page: Page(offset: 1, limit: 2))
        try expect(page.items, equals: Array(kept.items[1...2]), "a page")
    }

    private static func queue(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let webhook = try await fixture.webhook(in: store)
        try await store.addWebhook(webhook)
        let dead = (0..<3).map { fixture.delivery($0, of: webhook) }
        try await fixture.end(webhook, in: store) { $0.dead = dead }
        try expect(try await !store.queueDelivery(of: "nope", webhook: webhook.id), "an unknown event")
        try expect(try await !store.queueDelivery(of: dead[0].event, webhook: "nope"), "an unknown webhook")
        for delivery in dead.dropFirst() {
            try expect(try await store.queueDelivery(of: delivery.event, webhook: webhook.id), "a dead delivery")
        }
        try expect(try await store.webhook(webhook.id)?.hasRedeliveries, equals: true, "queued deliveries")
        let found = try await store.pendingWebhooks(last: webhook.progress.cursor).map(\.webhook.id)
        try expect(found, equals: [webhook.id], "a webhook with queued deliveries is pending")
        let queued = try await store.queuedDeliveries(of: webhook.id, limit: 9)
        try expect(queued.map(\.event), equals: dead.dropFirst().map(\.event), "the oldest is the first")
        try expect(queued.allSatisfy(\.isQueued), "they are queued")
        let failed = dead[2].failed(WebhookAttempt(time: later, status: 404, error: "y"))
        try await fixture.end(webhook, in: store) { turn in
            turn.redelivered = [dead[1].event]
            turn.refused = [failed]
        }
        let left = try await store.deadDeliveries(of: webhook.id, page: .all).items
        try expect(left, equals: [failed, dead[0]], "the accepted delivery is removed")
        try expect(left.first?.attempts, equals: dead[2].attempts + 1, "the attempt is counted")
        try expect(try await store.webhook(webhook.id)?.hasRedeliveries, equals: false, "nothing is queued")
    }

    private static func deletion(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: now))
        let bob = Member(userName: "bob", permissions: .all)
        try expect(try await store.addMember(bob, to: fixture.project.id), "a member is added")
        let (ofBob, ofAda) = (
            try await fixture.webhook(in: store, owner: "bob"), try await fixture.webhook(in: store)
        )
        for webhook in [ofBob, ofAda] {
            try await store.addWebhook(webhook)
            try await fixture.end(webhook, in: store) { $0.dead = [fixture.delivery(1, of: webhook)] }
        }
        try expect(try await store.removeUser("bob", givingProjectsTo: nil), equals: .removed, "a user is removed")
        try expect(try await store.webhooks().map(\.id), equals: [ofAda.id], "the webhooks of others remain")
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        try expect(try await store.webhooks(), equals: [], "the webhooks of the project are deleted")
        try expect(try await store.deadDeliveries(of: ofAda.id, page: .all).total, equals: 0, "and their deliveries")
    }
}

extension MetadataFixture {
    /// Creates a webhook whose cursor is at the end of the event log, without storing it.
    fileprivate func webhook(
        in store: some MetadataStore,
        ofProject: Bool = true,
        owner: String = "ada",
        after seconds: TimeInterval = 0
    ) async throws -> Webhook {
        try await store.publishEvents()
        return Webhook(
            id: Identifiers.hex(bytes: 12),
            project: ofProject ? project.id : nil,
            owner: ofProject ? owner : nil,
            createdOn: Self.time.addingTimeInterval(seconds),
            target: try WebhookURL("https://a.example/hook"),
            types: nil,
            secrets: WebhookSecrets(current: WebhookSecrets.random()),
            progress: WebhookProgress(cursor: try await store.lastEvent(), nextAttemptOn: Self.time)
        )
    }

    fileprivate func delivery(_ number: Int, of webhook: Webhook) -> WebhookDelivery {
        WebhookDelivery(
            event: "e-\(number)",
            cursor: EventCursor(log: webhook.progress.cursor.log, position: Int64(number)),
            type: "file.created",
            occurredOn: Self.time,
            attempts: 7,
            last: WebhookAttempt(
                time: Self.time.addingTimeInterval(Double(number)),
                status: number % 2 == 0 ? nil : 500,
                error: "x"
            )
        )
    }

    /// Leases a webhook, and records a turn that `change` has modified.
    fileprivate func end(
        _ webhook: Webhook,
        in store: some MetadataStore,
        _ change: (inout WebhookTurn) -> Void
    ) async throws {
        let lease = Lease(id: Identifiers.hex(bytes: 8), expiresOn: Self.time.addingTimeInterval(60))
        let leased = try await store.leaseWebhook(webhook.id, lease, now: Self.time)
        try expect(leased?.id, equals: webhook.id, "the webhook is leased")
        var turn = WebhookTurn(progress: webhook.progress)
        change(&turn)
        try expect(
            try await store.endTurn(turn, of: webhook.id, leaseID: lease.id, now: Self.time),
            "the turn is recorded"
        )
    }
}
