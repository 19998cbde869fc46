import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonServer
import PontoonTesting
import Synchronization
import Testing

@Suite("Delivery to webhooks", .timeLimit(.minutes(10)))
struct WebhookDeliveryTests {
    /// Runs a test while its server delivers events to webhooks, including receivers in `networks`.
    private func withSendingServer(
        allowing networks: String = "127.0.0.1",
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withTestServer(arguments: ["--webhook-allow", networks]) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.app.webhooks.run() }
                defer { group.cancelAll() }
                try await body(server)
            }
        }
    }

    @Test("events are sent in order, signed, and as the API returns them")
    func format() async throws {
        try await WebhookReceiver.with { receiver in
            try await withSendingServer { server in
                let before = try await server.api.uploadSmall("before")
                let webhook = try await server.api.createWebhook(receiver.url, types: ["file.created", "file.deleted"])
                let files = [try await server.api.uploadSmall("a"), try await server.api.uploadSmall("ü")]
                #expect(try await server.api.call(.DELETE, "/files/\(files[0])").status == 204)
                try await eventually("three events are accepted") { try receiver.accepted.count == 3 }
                let expected = try await server.api.events("types=file.created,file.deleted").events.dropFirst()
                #expect(try receiver.accepted == Array(expected))
                #expect(try !receiver.accepted.map(\.subject).contains("files/\(before)"))
                for (request, _) in receiver.attempts {
                    #expect(request.line == "POST /hook" && request.isSigned(with: webhook.secret))
                    #expect(try request.headers["webhook-id"] == request.event.text("id"))
                    #expect(request.headers["content-type"]?.hasPrefix("application/cloudevents+json") == true)
                }
                try await eventually("the state is recorded") {
                    try await server.api.call(.GET, "/webhooks/\(webhook.id)")["delivered"] == 3
                }
                let state = try await server.api.call(.GET, "/webhooks/\(webhook.id)")
                #expect(state["cursor"] == .string(expected.last?.cursor ?? ""))
                #expect(state["attempts"] == 0 && state["failing_since"] == nil)
                try await eventually("the attempts are counted") {
                    try server.metrics().contains(#"pontoon_webhook_attempts_total{result="accepted"} 3"#)
                }
            }
        }
    }

    @Test("a refused event is sent again before the next one, and a replay repeats events")
    func retry() async throws {
        let failures = Mutex(2)
        try await WebhookReceiver.with { _ in
            failures.withLock { left in
                guard left > 0 else { return .init(200) }
                left -= 1
                return .init(left == 0 ? 500 : 302, headers: ["Location: http://127.0.0.1:1/"])
            }
        } _: { receiver in
            try await withSendingServer { server in
                let webhook = try await server.api.createWebhook(receiver.url, types: ["file.created"])
                let start = try await server.api.events().next
                let files = [try await server.api.uploadSmall("a"), try await server.api.uploadSmall("b")]
                try await eventually("two events are accepted") { try receiver.accepted.count == 2 }
                let subjects = try receiver.attempts.map { try $0.request.event.subject }
                #expect(subjects == [0, 0, 0, 1].map { "files/\(files[$0])" })
                let replay = try await server.api.call(
                    .POST,
                    "/webhooks/\(webhook.id)/actions/replay",
                    ["after": .string(start)]
                )
                #expect(replay.status == 200 && replay["cursor"] == .string(start))
                try await eventually("the events are sent again") { try receiver.accepted.count == 4 }
                let accepted = try receiver.accepted
                #expect(accepted[..<2] == accepted[2...])
                try await eventually("all attempts are counted") {
                    let text = try server.metrics()
                    return text.contains(#"pontoon_webhook_attempts_total{result="accepted"} 4"#)
                        && text.contains(#"pontoon_webhook_attempts_total{result="failed"} 2"#)
                }
            }
        }
    }

    @Test("addresses that are not allowed are refused, even if a name resolves to them")
    func addresses() async throws {
        try await WebhookReceiver.with { receiver in
            try await withSendingServer(allowing: "192.0.2.0/24") { server in
                let named = receiver.url.replacing("127.0.0.1", with: "localhost")
                let mapped = receiver.url.replacing("127.0.0.1", with: "[::ffff:127.0.0.1]")
                let short = receiver.url.replacing("127.0.0.1", with: "127.1")
                for url in [receiver.url, named, mapped, short, "http://169.254.169.254/latest/meta-data"] {
                    let webhook = try await server.api.createWebhook(url)
                    let test = try await server.api.call(.POST, "/webhooks/\(webhook.id)/actions/test")
                    #expect(test.status == 200 && test["success"] == false && test["status"] == nil, "\(url)")
                    #expect(try test.text("error").contains("--webhook-allow"), "\(url) \(test.bodyText)")
                    try await server.api.perform(.POST, "/webhooks/\(webhook.id)/actions/disable")
                }
                let webhook = try await server.api.createWebhook(receiver.url)
                _ = try await server.api.makeFolder("a")
                try await eventually("the attempt has failed") {
                    try await server.api.call(.GET, "/webhooks/\(webhook.id)")["attempts"] != 0
                }
                #expect(receiver.attempts.isEmpty)
            }
        }
    }

    @Test("a test sends one signed event, and 410 disables a webhook until it is enabled")
    func testAndGone() async throws {
        let isGone = Mutex(false)
        try await WebhookReceiver.with { _ in
            .init(isGone.withLock { $0 } ? 410 : 204)
        } _: { receiver in
            try await withSendingServer { server in
                let webhook = try await server.api.createWebhook(receiver.url, types: ["folder.created"])
                let test = try await server.api.call(.POST, "/webhooks/\(webhook.id)/actions/test")
                #expect(test["success"] == true && test["status"] == 204)
                #expect(try receiver.accepted.map(\.type) == ["webhook.test"])
                #expect(receiver.attempts.allSatisfy { $0.request.isSigned(with: webhook.secret) })
                isGone.withLock { $0 = true }
                _ = try await server.api.makeFolder("a")
                try await eventually("it is disabled") {
                    try await server.api.call(.GET, "/webhooks/\(webhook.id)")["state"] == "disabled"
                }
                isGone.withLock { $0 = false }
                _ = try await server.api.makeFolder("b")
                let enabled = try await server.api.call(.POST, "/webhooks/\(webhook.id)/actions/enable")
                #expect(enabled["state"] == "active")
                try await eventually("the missed events are accepted") { try receiver.accepted.count == 3 }
                #expect(try receiver.accepted.dropFirst().map { $0.detail("name") } == ["a", "b"])
            }
        }
    }

    @Test("a webhook whose owner may not read the project is suspended")
    func suspension() async throws {
        try await WebhookReceiver.with { receiver in
            try await withSendingServer { server in
                let other = try await server.addUser("other")
                try await server.addMember("other", of: "admin/uploads", rights: ["admin"])
                let webhook = try await other.createWebhook(receiver.url, types: ["folder.created"])
                let control = try await server.api.createWebhook(receiver.url, types: ["folder.created"])
                #expect(try await server.api.call(.DELETE, "/projects/admin/uploads/members/other").status == 204)
                _ = try await server.api.makeFolder("a")
                try await eventually("the other webhook is served") { try receiver.accepted.count == 1 }
                #expect(receiver.attempts.allSatisfy { $0.request.isSigned(with: control.secret) })
                #expect(try await server.api.call(.GET, "/webhooks/\(webhook.id)")["state"] == "suspended")
                try await server.addMember("other", of: "admin/uploads", rights: ["admin"])
                _ = try await server.api.makeFolder("b")
                try await eventually("both are served") { try receiver.accepted.count == 4 }
            }
        }
    }

    @Test("after three days, an event is abandoned, can be seen, and is sent again on request")
    func dead() async throws {
        let isDown = Mutex(true)
        try await WebhookReceiver.with { _ in
            .init(isDown.withLock { $0 } ? 500 : 204)
        } _: { receiver in
            try await withSendingServer { server in
                let webhook = try await server.api.createWebhook(receiver.url, types: ["folder.created"])
                let path = "/webhooks/\(webhook.id)"
                _ = try await server.api.makeFolder("a")
                try await eventually("an attempt has failed") {
                    try await server.api.call(.GET, path)["attempts"] != 0
                }
                #expect(try await server.app.stores.metadata.storeTotals().oldestUndelivered != nil)
                server.clock.advance(by: .seconds(3 * 86_400 + 60))
                try await eventually("the event is abandoned") {
                    try await server.api.call(.GET, path)["dead"] == 1
                }
                let dead = try await server.api.call(.GET, path + "/deliveries").entries
                let event = try #require(dead.first?.string("event"))
                #expect(dead.count == 1 && dead.first?.string("type") == "org.pontoon.folder.created")
                try await eventually("the event is counted") {
                    try server.metrics().contains("pontoon_webhook_dead_deliveries_total 1")
                }
                isDown.withLock { $0 = false }
                let redeliver = try await server.api.call(
                    .POST,
                    path + "/actions/redeliver",
                    ["event": .string(event)]
                )
                #expect(redeliver.status == 204)
                try await eventually("the event is accepted") { try receiver.accepted.count == 1 }
                #expect(try receiver.accepted.map { $0.text("id") } == [event])
                #expect(try await server.app.stores.metadata.storeTotals().oldestUndelivered == nil)
                try await eventually("the delivery is no longer dead") {
                    try await server.api.call(.GET, path + "/deliveries").entries.isEmpty
                }
            }
        }
    }

    @Test("a receiver that does not respond delays no other webhook")
    func slowReceiver() async throws {
        let gate = Gate()
        try await WebhookReceiver.with { _ in
            try await gate.pass()
            return .init(204)
        } _: { slow in
            try await WebhookReceiver.with { fast in
                try await withSendingServer { server in
                    for receiver in [slow, fast] {
                        _ = try await server.api.createWebhook(receiver.url, types: ["folder.created"])
                    }
                    _ = try await server.api.makeFolder("a")
                    try await gate.reached()
                    try await eventually("the other receiver has the event") { try fast.accepted.count == 1 }
                    _ = try await server.api.makeFolder("b")
                    try await eventually("the other receiver has the next event") { try fast.accepted.count == 2 }
                    gate.open()
                    try await eventually("the slow receiver has both") { try slow.accepted.count >= 2 }
                }
            }
        }
    }

    @Test("a webhook of an administrator receives the events of all projects")
    func global() async throws {
        try await WebhookReceiver.with { receiver in
            try await withSendingServer { server in
                var change = WebhookChange()
                change.target = try WebhookURL(receiver.url)
                change.types = .some([.projectCreated])
                let webhook = try await server.app.useCases.webhooks.createForAll(change)
                let other = try await server.addUser("other")
                _ = try await other.createProject("Runs")
                try await eventually("the event is accepted") { try receiver.accepted.count == 1 }
                #expect(try receiver.accepted.first?.text("project") == "other/runs")
                server.expectRefusal(try await server.api.call(.GET, "/webhooks/\(webhook.id)"), 404, 90003)
            }
        }
    }
}
