import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata

struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Manage the webhooks of the service and of all projects. The server may be running.",
        discussion: "A running server notices changes within ten seconds.",
        subcommands: [
            Create.self, List.self, Enable.self, Disable.self, Replay.self, RotateSecret.self, Deliveries.self,
            Delete.self,
        ]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a webhook that receives the events of all projects, and print its secret.",
            discussion: "The secret is printed only once. To create a webhook for a single project, users call the API."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Option(
            help: ArgumentHelp("Event types, separated by commas. Default: all types", valueName: "type,type,…"),
            transform: { text in
                let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                let types = names.compactMap { EventType(rawValue: $0) }
                guard types.count == names.count else {
                    let known = EventType.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("'\(text)' is not allowed; the types are \(known).")
                }
                return Set(types)
            }
        )
        var types: Set<EventType>?
        @Argument(help: "URL to which the events are sent") var url: String

        func run() async throws {
            try await stores.withWebhooks(flags: audit.givenFlags) { webhooks, settings in
                var change = WebhookChange()
                change.target = try WebhookURL(url)
                change.types = .some(types)
                let created = change
                let webhook = try await Pontoond.audit(settings).recording(.webhookCreate) { object in
                    let webhook = try await webhooks.createForAll(created)
                    object.id = webhook.id
                    return webhook
                }
                FileHandle.standardError.write(Data("Created webhook \(webhook.id). Its secret:\n".utf8))
                Pontoond.print(webhook.secrets.current.value)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all webhooks.",
            discussion: """
                A webhook without a project receives the events of all projects. STATE is 'suspended' while the \
                webhook's owner is disabled or may not read the project. FAILED is the number of failed attempts since \
                the last accepted event, and DEAD is the number of abandoned events.
                """
        )
        @OptionGroup var stores: StoreFlags
        @Flag(help: "Print one JSON object per webhook instead of a table") var json = false

        func run() async throws {
            let lines = try await stores.withMetadata { store, _ in try await store.webhooks().map(WebhookLine.init) }
            if json { return try lines.forEach { Pontoond.print(try $0.jsonLine()) } }
            var table = Table("ID", "PROJECT", "OWNER", "STATE", "FAILED", "DEAD", "URL", "ERROR")
            for line in lines {
                table.append(
                    line.id,
                    line.project ?? "-",
                    line.owner ?? "-",
                    line.state,
                    "\(line.failedAttempts)",
                    "\(line.dead)",
                    line.url,
                    line.lastError ?? ""
                )
            }
            for line in table.lines { Pontoond.print(line) }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enable a webhook. Events since it was disabled are sent, unless they have been deleted."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the webhook") var id: String

        func run() async throws {
            var change = WebhookChange()
            change.state = .active
            _ = try await stores.updateWebhook(id, change, audit)
            Pontoond.print("Enabled the webhook.")
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Disable a webhook.")
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the webhook") var id: String

        func run() async throws {
            var change = WebhookChange()
            change.state = .disabled
            _ = try await stores.updateWebhook(id, change, audit)
            Pontoond.print("Disabled the webhook.")
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Continue after the given event, in order to send earlier events again or to skip events."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the webhook") var id: String
        @Argument(help: "Cursor of the event after which the webhook continues") var cursor: String

        func validate() throws {
            guard EventCursor(cursor) != nil else { throw ValidationError("'\(cursor)' is not a cursor of an event.") }
        }

        func run() async throws {
            var change = WebhookChange()
            change.cursor = EventCursor(cursor)
            _ = try await stores.updateWebhook(id, change, audit)
            Pontoond.print("The webhook continues after this event.")
        }
    }

    struct RotateSecret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a new secret and print it. For a day, events are also signed with the old secret."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the webhook") var id: String

        func run() async throws {
            var change = WebhookChange()
            change.secret = WebhookSecrets.random()
            Pontoond.print(try await stores.updateWebhook(id, change, audit).secrets.current.value)
        }
    }

    struct Deliveries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the last \(kept) events that a webhook has abandoned, most recent first."
        )
        private static let kept = WebhookRules.keptDeliveries
        @OptionGroup var stores: StoreFlags
        @Argument(help: "Id of the webhook") var id: String

        func run() async throws {
            let deliveries = try await stores.withMetadata { store, _ in
                guard try await store.webhook(id) != nil else { throw PontoonError.webhookNotFound }
                return try await store.deadDeliveries(of: id, page: Page(offset: 0, limit: Self.kept)).items
            }
            var table = Table("EVENT", "TYPE", "OCCURRED", "ATTEMPTS", "STATUS", "ERROR")
            for delivery in deliveries {
                table.append(
                    delivery.event,
                    delivery.type,
                    delivery.occurredOn.ISO8601Format(),
                    "\(delivery.attempts)",
                    delivery.last.status.map { "\($0)" } ?? "-",
                    delivery.last.error ?? ""
                )
            }
            for line in table.lines { Pontoond.print(line) }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a webhook.")
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the webhook") var id: String

        func run() async throws {
            try await stores.withWebhooks(flags: audit.givenFlags) { webhooks, settings in
                try await Pontoond.audit(settings).recording(.webhookDelete, AuditEntry.Object(id: id)) { _ in
                    try await webhooks.delete(id)
                }
            }
            Pontoond.print("Deleted the webhook.")
        }
    }
}

extension StoreFlags {
    fileprivate func withWebhooks<Value>(
        flags: [GivenFlag],
        _ work: (Webhooks, Settings) async throws -> Value
    ) async throws -> Value {
        try await withMetadata(flags: flags) { store, settings in try await work(Webhooks(metadata: store), settings) }
    }

    fileprivate func updateWebhook(_ id: String, _ change: WebhookChange, _ audit: AuditFlags) async throws -> Webhook {
        try await withWebhooks(flags: audit.givenFlags) { webhooks, settings in
            try await Pontoond.audit(settings).recording(.webhookUpdate, AuditEntry.Object(id: id)) { _ in
                try await webhooks.update(id, change)
            }
        }
    }
}

/// A webhook in the output of a command.
private struct WebhookLine: Encodable {
    let id: String
    let project: String?
    let owner: String?
    let state: String
    let url: String
    let types: [String]?
    let cursor: String
    let delivered: Int64
    let dead: Int64
    let failedAttempts: Int
    let lastError: String?

    init(_ webhook: Webhook) {
        id = webhook.id
        project = webhook.project?.description
        owner = webhook.owner
        state = webhook.stateName
        url = webhook.target.text
        types = webhook.types?.map(\.rawValue).sorted()
        cursor = webhook.progress.cursor.text
        delivered = webhook.delivered
        dead = webhook.dead
        failedAttempts = webhook.progress.attempts
        lastError = webhook.progress.lastAttempt?.error
    }
}
