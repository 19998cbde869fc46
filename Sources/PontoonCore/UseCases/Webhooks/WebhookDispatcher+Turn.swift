import PontoonFoundation

extension WebhookDispatcher {
    /// Maximum number of events to read at once.
    private static let batch = 100
    /// Maximum number of queued dead deliveries to read at once.
    private static let redeliveries = 10
    /// Time after which a turn starts no further request, so that other webhooks get a turn.
    private static let turnDuration = Duration.seconds(1)

    /// Searches the event log for an event to send.
    ///
    /// The search precedes the turn, because reading is cheaper than leasing, and often no event matches.
    ///
    /// - Parameters:
    ///   - webhook: The webhook.
    ///   - known: The previous result for this webhook; `nil` if there is none. Ignored if the cursor or the event
    ///     types of the webhook have changed since.
    /// - Returns: The range of the log that contains no matching event; `nil` if a turn is necessary.
    /// - Throws: An error if the store is unavailable.
    func scan(_ webhook: Webhook, known: Scan?) async throws -> Scan? {
        guard !webhook.hasRedeliveries else { return nil }
        let cursor = webhook.progress.cursor
        var scan = Scan(start: cursor, types: webhook.types, end: cursor, began: now())
        if let known, known.applies(to: webhook) { scan = known }
        repeat {
            let found: EventPage?
            do {
                found = try await metadata.events(of: webhook.id, after: scan.end, limit: 1)
            } catch let error as PontoonError where error.code == .eventsExpired {
                return nil
            }
            // If there is no page, the webhook is not usable or does not exist. A turn detects this and sends nothing.
            guard let page = found, page.events.isEmpty else { return nil }
            scan.end = page.next
            guard page.hasMore else { break }
        } while !Task.isCancelled
        if scan.end != cursor, now().timeIntervalSince(scan.began) >= Self.scanLifetime {
            try await metadata.moveWebhook(webhook.id, from: cursor, to: scan.end, now: now())
        }
        return scan
    }

    /// Leases a webhook and sends events.
    ///
    /// - Returns: The turn; `nil` if the webhook is leased, disabled or not usable, or does not exist. If the lease was
    ///   lost, nothing was recorded, and the turn contains only its progress and its numbers of attempts.
    /// - Throws: ``TurnFailure`` if the store becomes unavailable after the webhook was leased; the store's error if it
    ///   was unavailable before.
    func turn(_ id: String) async throws -> WebhookTurn? {
        let start = now()
        let lease = Lease(
            id: Identifiers.hex(bytes: 16),
            expiresOn: start.addingTimeInterval(leaseDuration.inSeconds)
        )
        guard let webhook = try await metadata.leaseWebhook(id, lease, now: start) else { return nil }
        var turn = WebhookTurn(progress: webhook.progress)
        let result: Result<Void, any Error>
        do { result = .success(try await send(webhook, &turn)) } catch { result = .failure(error) }
        var isRecorded = false
        do {
            // After a failure, records the events that were accepted before it.
            isRecorded = try await metadata.endTurn(turn, of: id, leaseID: lease.id, now: now())
            try result.get()
        } catch {
            throw TurnFailure(turn: isRecorded ? turn : turn.attemptsOnly, cause: error)
        }
        return isRecorded ? turn : turn.attemptsOnly
    }

    private func send(_ webhook: Webhook, _ turn: inout WebhookTurn) async throws {
        let end = ContinuousClock.now + Self.turnDuration
        let mayAdvance = turn.progress.nextAttemptOn <= now()
        let events = mayAdvance ? try await nextEvents(of: webhook, &turn) : []
        let queued =
            webhook.hasRedeliveries
            ? try await metadata.queuedDeliveries(of: webhook.id, limit: Self.redeliveries) : []
        guard !events.isEmpty || !queued.isEmpty else { return }
        let connection = await sender.open(webhook.target, attempt: turn.progress.attempts)
        do {
            try await redeliver(queued, of: webhook, over: connection, until: end, &turn)
            for event in events where turn.state == .active {
                let time = now()
                let outcome = await connection.post(event, of: webhook, now: time, encode)
                if Task.isCancelled { break }
                let next = turn.note(outcome, of: event, now: time, jitter: .random(in: WebhookRules.jitter))
                if next == .stop || ContinuousClock.now >= end { break }
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Returns the next events; none if no event matches or the owner may no longer read the project.
    ///
    /// If no event matches, moves the cursor past the events that were read. If events after the cursor were deleted,
    /// starts with the oldest event. If the log does not contain the cursor, because the service was restored, moves
    /// the cursor to the end of the log.
    ///
    /// If the owner may no longer read the project, does not move the cursor, so that the events are sent if the
    /// permission is granted again.
    func nextEvents(of webhook: Webhook, _ turn: inout WebhookTurn) async throws -> [Event] {
        let cursor = turn.progress.cursor
        do {
            return turn.take(try await metadata.events(of: webhook.id, after: cursor, limit: Self.batch))
        } catch let error as PontoonError where error.code == .eventsExpired {
            turn.hasMissedEvents = true
            (turn.progress.pendingSince, turn.progress.failingSince, turn.progress.attempts) = (nil, nil, 0)
            let reason = "events were deleted, or lost in a restore, before they could be delivered"
            turn.progress.lastAttempt = WebhookAttempt(time: now(), status: nil, error: reason)
            let last = try await metadata.lastEvent()
            guard cursor.log == last.log, cursor.position <= last.position else {
                // After a restore, the positions of the old log have no meaning.
                turn.progress.cursor = last
                return []
            }
            return turn.take(try await metadata.events(of: webhook.id, after: nil, limit: Self.batch))
        }
    }

    /// Sends dead deliveries once more, until `end` has passed or the receiver responds with status 410.
    private func redeliver(
        _ deliveries: [WebhookDelivery],
        of webhook: Webhook,
        over connection: any WebhookConnection,
        until end: ContinuousClock.Instant,
        _ turn: inout WebhookTurn
    ) async throws {
        for delivery in deliveries {
            let time = now()
            guard let event = try await event(of: delivery, webhook) else {
                let reason = "the event was deleted, or the creator of the webhook is not allowed to read it"
                turn.refused.append(delivery.failed(WebhookAttempt(time: time, status: nil, error: reason)))
                continue
            }
            let outcome = await connection.post(event, of: webhook, now: time, encode)
            if Task.isCancelled { return }
            turn.progress.lastAttempt = outcome.attempt(at: time)
            switch outcome {
            case .accepted:
                turn.redelivered.append(delivery.event)
                turn.delivered += 1
            case .failed:
                turn.failed += 1
                turn.refused.append(delivery.failed(outcome.attempt(at: time)))
            case .gone:
                turn.failed += 1
                turn.refused.append(delivery.failed(outcome.attempt(at: time)))
                turn.state = .disabled
                return
            }
            if ContinuousClock.now >= end { return }
        }
    }

    private func event(of delivery: WebhookDelivery, _ webhook: Webhook) async throws -> Event? {
        let before = EventCursor(log: delivery.cursor.log, position: delivery.cursor.position - 1)
        var filter = webhook.filter
        filter.types = nil
        do {
            let event = try await metadata.events(filter, after: before, limit: 1).events.first
            return event?.id == delivery.event ? event : nil
        } catch let error as PontoonError where error.code == .eventsExpired {
            return nil
        }
    }
}

extension WebhookTurn {
    /// Returns the events of a page, and moves the cursor to the end of a page without events.
    ///
    /// Without a page, returns no events and does not move the cursor.
    fileprivate mutating func take(_ page: EventPage?) -> [Event] {
        guard let page else { return [] }
        if page.events.isEmpty { progress.cursor = page.next }
        return page.events
    }

    /// A copy that contains only the progress and the numbers of attempts.
    fileprivate var attemptsOnly: WebhookTurn {
        var turn = WebhookTurn(progress: progress)
        (turn.delivered, turn.failed) = (delivered, failed)
        return turn
    }
}
