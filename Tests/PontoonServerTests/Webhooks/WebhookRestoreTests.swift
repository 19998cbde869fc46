import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// Webhooks of a service that was restored from a backup, possibly while the original is still running.
@Suite(.timeLimit(.minutes(10)))
struct WebhookRestoreTests {
    private static let types = ["folder.created"]

    /// Backs up a service with a webhook whose last event has not been delivered, and restores the service.
    ///
    /// - Returns: The webhook.
    private func restoredWebhook(
        of receiver: WebhookReceiver,
        in folder: FilePath,
        keepsWebhooks: Bool
    ) async throws -> (id: String, secret: String) {
        let backup = folder.appending("backup")
        let webhook = try await withTestServer(on: folder.appending("data")) { server in
            let webhook = try await server.api.createWebhook(receiver.url, types: Self.types)
            // No server sends this event.
            _ = try await server.api.makeFolder("before")
            let command = Backup(settings: server.app.settings, to: backup, usesHardLinks: true) { _ in }
            let isIntact = try await command.run()
            #expect(isIntact)
            return webhook
        }
        let data = folder.appending("restored").string
        let settings = try Settings(
            try GivenSettings(flags: [GivenFlag(Setting<FilePath>.data, data)], environment: [:])
        )
        let lines = Mutex<[String]>([])
        let restore = Restore(
            settings: settings,
            from: backup,
            verifiesChecksums: true,
            keepsWebhooks: keepsWebhooks
        ) { line in
            lines.withLock { $0.append(line) }
        }
        let isRestored = try await restore.run()
        let expected = keepsWebhooks ? "Active webhooks: 1." : "Disabled webhooks: 1."
        let isReported = lines.withLock { $0.contains { $0.hasPrefix(expected) } }
        #expect(isRestored && isReported)
        return webhook
    }

    private func withRestoredServer(
        in folder: FilePath,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withTestServer(
            on: folder.appending("restored"),
            arguments: ["--webhook-allow", "127.0.0.1"]
        ) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.app.webhooks.run() }
                defer { group.cancelAll() }
                try await body(server)
            }
        }
    }

    /// Returns the names of the folders in the events that were signed with a secret.
    private static func names(_ receiver: WebhookReceiver, _ secret: String) throws -> [JSONValue?] {
        try receiver.attempts.filter { $0.request.isSigned(with: secret) }.map { try $0.request.event.detail("name") }
    }

    @Test("a restored webhook sends nothing until it is enabled, and then the events since the restore")
    func disabled() async throws {
        try await WebhookReceiver.with { receiver in
            try await withTemporaryFolder { folder in
                let webhook = try await restoredWebhook(of: receiver, in: folder, keepsWebhooks: false)
                try await withRestoredServer(in: folder) { server in
                    let path = "/webhooks/\(webhook.id)"
                    let state = try await server.api.call(.GET, path)
                    #expect(state["state"] == "disabled" && state.bodyText.contains("restore of a backup"))
                    let end = try await server.api.events().next
                    #expect(state["cursor"] == .string(end))
                    _ = try await server.api.makeFolder("after")
                    // Another webhook shows that events are being sent.
                    let control = try await server.api.createWebhook(receiver.url, types: Self.types)
                    _ = try await server.api.makeFolder("later")
                    try await eventually("the event is accepted") { try receiver.accepted.count == 1 }
                    #expect(try Self.names(receiver, control.secret) == ["later"])
                    #expect(try Self.names(receiver, webhook.secret) == [])
                    #expect(try await server.api.call(.POST, path + "/actions/enable").status == 200)
                    try await eventually("the other events are accepted") { try receiver.accepted.count == 3 }
                    #expect(try Self.names(receiver, webhook.secret) == ["after", "later"])
                }
            }
        }
    }

    @Test("a restored webhook that stays active sends only the events since the restore")
    func kept() async throws {
        try await WebhookReceiver.with { receiver in
            try await withTemporaryFolder { folder in
                let webhook = try await restoredWebhook(of: receiver, in: folder, keepsWebhooks: true)
                try await withRestoredServer(in: folder) { server in
                    _ = try await server.api.makeFolder("after")
                    try await eventually("the event is accepted") { try receiver.accepted.count == 1 }
                    #expect(try Self.names(receiver, webhook.secret) == ["after"])
                    #expect(try await server.api.call(.GET, "/webhooks/\(webhook.id)")["state"] == "active")
                    #expect(!server.log.contains("events missed by webhook"))
                }
            }
        }
    }
}
