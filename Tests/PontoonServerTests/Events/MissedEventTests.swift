import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

@testable import PontoonApp

/// Readers of the event log that have fallen so far behind that events were deleted before they were read.
@Suite("Missed events", .timeLimit(.minutes(10)))
struct MissedEventTests {
    private static let retention = ["--event-retention", "1d"]

    /// Advances the clock beyond the retention, and deletes all events.
    private static func deleteEvents(_ server: TestServer) async throws {
        server.clock.advance(by: .seconds(86_400 + 60))
        #expect(await server.runMaintenance().errors.isEmpty)
        #expect(try await server.api.events().events == [])
    }

    @Test("every call that takes a cursor refuses one before deleted events, and accepts the end of the log")
    func cursors() async throws {
        try await WebhookReceiver.with { receiver in
            try await withTestServer(.live, arguments: Self.retention) { server in
                let api = server.api
                let webhook = try await api.createWebhook(receiver.url)
                _ = try await api.uploadSmall("a")
                let (events, end) = try await api.events()
                try await Self.deleteEvents(server)
                let expired = events.dropLast().map(\.cursor)
                try #require(!expired.isEmpty && end == events.last?.cursor)
                for cursor in expired {
                    let response = try await api.call(.GET, "/events?after=\(cursor)")
                    server.expectRefusal(response, 410, 90003, "\(cursor)")
                    #expect(try response.text("message").contains("list the files"), "\(response.bodyText)")
                    for query in ["wait=1", "project=admin/uploads&types=file.deleted"] {
                        let filtered = try await api.call(.GET, "/events?\(query)&after=\(cursor)")
                        server.expectRefusal(filtered, 410, 90003, "\(query)")
                    }
                    let header: HTTPHeaders = ["Last-Event-ID": cursor]
                    let resumed = try await api.call(.GET, "/events?after=latest", headers: header)
                    server.expectRefusal(resumed, 410, 90003, "Last-Event-ID")
                    #expect(try await api.eventStream("after=\(cursor)").status == 410)
                    #expect(try await api.eventStream(headers: header).status == 410)
                    let replay = "/webhooks/\(webhook.id)/actions/replay"
                    let replayed = try await api.call(.POST, replay, ["after": .string(cursor)])
                    server.expectRefusal(replayed, 410, 90003, "replay")
                }
                let file = try await api.uploadSmall("b")
                let new = try await api.events(after: end, "types=file.created").events
                #expect(new.map(\.subject) == ["files/\(file)"], "nothing was missed after the last event")
                var stream = try await api.eventStream("types=file.created", headers: ["Last-Event-ID": end])
                #expect(try await stream.next()?.event == new.first)
                #expect(try await api.events("types=file.created").events == new, "without a cursor")
            }
        }
    }

    @Test("a webhook that has missed events continues with the oldest one, and one error is logged")
    func webhook() async throws {
        let isDown = Mutex(true)
        try await WebhookReceiver.with { _ in
            .init(isDown.withLock { $0 } ? 500 : 204)
        } _: { receiver in
            try await withSendingServer { server in
                let webhook = try await server.api.createWebhook(receiver.url, types: ["folder.created"])
                let path = "/webhooks/\(webhook.id)"
                _ = try await server.api.makeFolder("lost")
                try await eventually("an attempt has failed") {
                    try await server.api.call(.GET, path)["attempts"] != 0
                }
                try await Self.deleteEvents(server)
                let line = "error events missed by webhook; increase --event-retention unless a backup was restored"
                try await eventually("the log names the webhook") {
                    server.log.split(separator: "\n").contains { $0.hasPrefix(line) && $0.contains(webhook.id) }
                }
                let state = try await server.api.call(.GET, path)
                #expect(state["state"] == "active" && state["attempts"] == 0 && state["failing_since"] == nil)
                #expect(state["last_attempt"]?["success"] == false && state["last_attempt"]?["status"] == nil)
                let error = state["last_attempt"]?.string("error")
                #expect(error == "events were deleted, or lost in a restore, before they could be delivered")
                isDown.withLock { $0 = false }
                for name in ["a", "b"] { _ = try await server.api.makeFolder(name) }
                try await eventually("new events are accepted") { try receiver.accepted.count == 2 }
                #expect(try receiver.accepted.map { $0.detail("name") } == ["a", "b"])
                #expect(server.log.ranges(of: line).count == 1)
            }
        }
    }

    @Test("a hook that has missed events continues with the oldest one, and one error is logged")
    func hook() async throws {
        try await withTemporaryFolder { folder in
            let program = try writeProgram("echo \"$PONTOON_EVENT_SUBJECT\" >> \(folder)/runs", in: folder)
            let flags = ["--hook-command", program.string] + Self.retention
            try await withTestServer(on: folder.appending("data"), arguments: flags) { server in
                let hooks = try #require(server.app.hooks)
                _ = try await server.api.uploadSmall("lost")
                try await Self.deleteEvents(server)
                let files = [try await server.api.uploadSmall("a"), try await server.api.uploadSmall("b")]
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await hooks.run() }
                    defer { group.cancelAll() }
                    try await eventually("the hook has run for the new files") {
                        let runs = try? String(contentsOfFile: folder.appending("runs").string, encoding: .utf8)
                        let subjects = (runs ?? "").split(separator: "\n").map(String.init)
                        return subjects.sorted() == files.map { "files/\($0)" }.sorted()
                    }
                }
                let line = "error events missed by hooks; increase --event-retention"
                #expect(server.log.ranges(of: line).count == 1, "\(server.log)")
            }
        }
    }

    /// Runs a test while its server delivers events to webhooks, including receivers at 127.0.0.1.
    private func withSendingServer(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await withTestServer(arguments: Self.retention + ["--webhook-allow", "127.0.0.1"]) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.app.webhooks.run() }
                defer { group.cancelAll() }
                try await body(server)
            }
        }
    }
}
