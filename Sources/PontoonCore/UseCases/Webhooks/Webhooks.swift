package import PontoonFoundation

/// The use cases that manage webhooks: those of a project for its members, and all webhooks for operators.
///
/// A member needs the `admin` permission, even to read a webhook. ``WebhookDispatcher`` sends the events.
package struct Webhooks: Sendable {
    private let metadata: any MetadataStore
    private let access: Access
    private let sender: (any WebhookSender)?
    private let encode: @Sendable (Event) -> [UInt8]
    /// The alarm that wakes this server's dispatcher after each change that may cause events to be sent.
    package let alarm: Alarm
    package let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - sender: Sends test events; `nil` if this server sends no events.
    ///   - encode: Returns the body of the request for an event.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        sender: (any WebhookSender)? = nil,
        encode: @escaping @Sendable (Event) -> [UInt8] = { _ in [] },
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        access = Access(metadata: metadata)
        self.sender = sender
        self.encode = encode
        alarm = Alarm()
        self.now = { @Sendable in now().wholeMilliseconds }
    }

    /// Creates a webhook of a project.
    ///
    /// The receiver gets the events that are recorded from now on.
    ///
    /// - Throws: `.badRequest` if the URL is missing or the secret is invalid; `.projectNotFound`; `.projectForbidden`;
    ///   `.limitReached` if the project, the user or the service has too many webhooks.
    package func create(in project: ProjectID, _ change: WebhookChange, caller: Caller) async throws -> Webhook {
        _ = try await access.project(project, for: caller, needing: .admin)
        return try await add(project, owner: caller.name, change)
    }

    /// Creates a webhook for all events of the service, for operators.
    ///
    /// - Throws: `.badRequest` if the URL is missing or the secret is invalid; `.limitReached` if the service has too
    ///   many webhooks.
    package func createForAll(_ change: WebhookChange) async throws -> Webhook {
        try await add(nil, owner: nil, change)
    }

    private func add(_ project: ProjectID?, owner: String?, _ change: WebhookChange) async throws -> Webhook {
        guard let target = change.target else { throw PontoonError(.badRequest, "The field 'url' is missing.") }
        if let secret = change.secret { try WebhookSecrets.check(secret) }
        try await metadata.publishEvents()
        let now = now()
        let webhook = Webhook(
            id: Identifiers.hex(bytes: 12),
            project: project,
            owner: owner,
            createdOn: now,
            target: target,
            types: change.types.flatMap(\.self),
            secrets: WebhookSecrets(current: change.secret ?? WebhookSecrets.random()),
            progress: WebhookProgress(cursor: try await metadata.lastEvent(), nextAttemptOn: now)
        )
        try await metadata.addWebhook(webhook)
        alarm.ring()
        return webhook
    }

    /// Returns one page of the webhooks of a project, newest first.
    ///
    /// - Throws: `.projectNotFound`, `.projectForbidden`.
    package func list(in project: ProjectID, caller: Caller, page: Page) async throws -> Listing<Webhook> {
        _ = try await access.project(project, for: caller, needing: .admin)
        return try await metadata.webhooks(of: project, page: page)
    }

    /// Returns a webhook of a project.
    ///
    /// - Throws: `.webhookNotFound` if the webhook does not exist, belongs to no project, or belongs to a project that
    ///   the caller may not read; `.projectForbidden`.
    package func details(_ id: String, caller: Caller) async throws -> Webhook {
        guard let webhook = try await metadata.webhook(id), let project = webhook.project else {
            throw PontoonError.webhookNotFound
        }
        do {
            _ = try await access.project(project, for: caller, needing: .admin)
        } catch let error as PontoonError where error.code == .projectNotFound {
            throw PontoonError.webhookNotFound
        }
        return webhook
    }

    /// Changes a webhook of a project.
    ///
    /// - Throws: `.webhookNotFound`, `.projectForbidden`; `.badRequest` if the secret is invalid; `.eventsExpired` if
    ///   the event log does not contain the new cursor, or events after the cursor have been deleted.
    package func update(_ id: String, _ change: WebhookChange, caller: Caller) async throws -> Webhook {
        _ = try await details(id, caller: caller)
        return try await update(id, change)
    }

    /// Changes any webhook, for operators.
    ///
    /// - Throws: `.webhookNotFound`; `.badRequest` if the secret is invalid; `.eventsExpired` if the event log does not
    ///   contain the new cursor, or events after the cursor have been deleted.
    package func update(_ id: String, _ change: WebhookChange) async throws -> Webhook {
        if let secret = change.secret { try WebhookSecrets.check(secret) }
        if let cursor = change.cursor {
            // Throws an error if the position does not exist, or if events after it have been deleted.
            _ = try await metadata.events(EventFilter(userName: nil, types: []), after: cursor, limit: 1)
        }
        let now = now()
        let webhook = try await metadata.updateWebhook(id) { webhook throws(PontoonError) in
            change.apply(to: &webhook, now: now)
        }
        guard let webhook else { throw PontoonError.webhookNotFound }
        alarm.ring()
        return webhook
    }

    /// Deletes a webhook of a project.
    ///
    /// - Throws: `.webhookNotFound`, `.projectForbidden`.
    package func delete(_ id: String, caller: Caller) async throws {
        _ = try await details(id, caller: caller)
        try await delete(id)
    }

    /// Deletes any webhook, for operators.
    ///
    /// - Throws: `.webhookNotFound`.
    package func delete(_ id: String) async throws {
        guard try await metadata.deleteWebhook(id) else { throw PontoonError.webhookNotFound }
    }

    /// Returns one page of the dead deliveries of a webhook, most recent first.
    ///
    /// - Throws: `.webhookNotFound`, `.projectForbidden`.
    package func deliveries(_ id: String, caller: Caller, page: Page) async throws -> Listing<WebhookDelivery> {
        _ = try await details(id, caller: caller)
        return try await metadata.deadDeliveries(of: id, page: page)
    }

    /// Queues a dead delivery to be sent once more.
    ///
    /// - Throws: `.webhookNotFound` if the webhook does not exist or has no dead delivery of the event;
    ///   `.projectForbidden`.
    package func redeliver(_ event: String, _ id: String, caller: Caller) async throws {
        _ = try await details(id, caller: caller)
        guard try await metadata.queueDelivery(of: event, webhook: id) else {
            throw PontoonError(.webhookNotFound, "The webhook has no dead delivery of this event.")
        }
        alarm.ring()
    }

    /// Sends a test event immediately, regardless of the state of the webhook, and does not record the result.
    ///
    /// - Returns: The result of the attempt.
    /// - Throws: `.webhookNotFound`, `.projectForbidden`; `.notImplemented` if this server sends no events.
    package func test(_ id: String, caller: Caller) async throws -> WebhookAttempt {
        let webhook = try await details(id, caller: caller)
        guard let sender else { throw PontoonError(.notImplemented, "This server does not send events.") }
        let time = now()
        let event = Event(
            id: "test-\(Identifiers.hex(bytes: 12))",
            cursor: webhook.progress.cursor,
            type: "webhook.test",
            occurredOn: time,
            project: webhook.project,
            subject: "webhooks/\(id)",
            actor: caller.name,
            data: "{}"
        )
        let connection = await sender.open(webhook.target, attempt: 0)
        let outcome = await connection.post(event, of: webhook, now: time, encode)
        await connection.close()
        try Task.checkCancellation()
        return outcome.attempt(at: time)
    }
}

extension WebhookConnection {
    /// Sends an event, signed with the secrets of a webhook that are valid at `now`.
    func post(
        _ event: Event,
        of webhook: Webhook,
        now: Date,
        _ encode: @Sendable (Event) -> [UInt8]
    ) async -> WebhookOutcome {
        let body = encode(event)
        let headers = WebhookSignature.headers(
            id: event.id,
            time: now,
            body: body,
            secrets: webhook.secrets.valid(now: now)
        )
        return await post(body, headers: headers)
    }
}

/// A change to the properties of a webhook.
package struct WebhookChange: Hashable, Sendable {
    /// New URL; `nil` keeps the current one.
    package var target: WebhookURL?
    /// New event types; `.some(nil)` selects all types, and `nil` keeps the current ones.
    package var types: Set<EventType>??
    /// New secret; `nil` keeps the current one.
    package var secret: Secret?
    /// New state; `nil` keeps the current one.
    package var state: Webhook.State?
    /// New cursor; `nil` keeps the current one.
    package var cursor: EventCursor?

    package init() {}

    fileprivate func apply(to webhook: inout Webhook, now: Date) {
        if let target { webhook.target = target }
        if let types { webhook.types = types }
        if let secret { webhook.secrets.rotate(to: secret, now: now) }
        if let state { webhook.state = state }
        if let cursor { webhook.progress.cursor = cursor }
        // After any of these changes, the receiver may accept the event that failed so far, so it is sent again at
        // once.
        webhook.progress.attempts = 0
        webhook.progress.failingSince = nil
        webhook.progress.pendingSince = nil
        webhook.progress.nextAttemptOn = now
    }
}
