import PontoonTesting

/// One run of a server, from its start until it crashes.
struct CrashRound: Sendable {
    let number: Int
    /// Number of events after which the server crashes.
    ///
    /// If ``countsEnds`` is `true`, only `end` events count.
    let events: Int
    /// Time between the last counted event and the crash.
    let delay: Duration
    /// Whether only `end` events count.
    let countsEnds: Bool
    /// Number of clients.
    ///
    /// Often one, because the syncs of concurrent requests may hide that one request lacks a sync.
    let clients: Int
    let seed: UInt64

    init(number: Int, using random: inout SeededGenerator) {
        self.number = number
        clients = random.happens(50) ? 1 : 4
        countsEnds = clients == 1 || random.happens(33)
        events = Int.random(in: 1...(countsEnds ? 20 : 150), using: &random)
        // Often no delay, because a missing sync is most likely to show directly after an acknowledgement.
        delay = .microseconds(random.happens(50) ? 0 : Int.random(in: 0...8000, using: &random))
        seed = random.next()
    }

    /// Runs the clients, and makes the server crash after this round's number of events and delay.
    ///
    /// - Returns: The clients' view of their uploads when the server crashed.
    func run(_ server: ServerProcess, crash: @Sendable () async throws -> Void) async throws -> UploadLedger {
        let ledger = UploadLedger()
        let (events, continuation) = AsyncStream.makeStream(of: CrashLoad.Event.self)
        let api = APIClient(origin: server.origin, token: server.token, http: impatientHTTP)
        let load = CrashLoad(api: api, ledger: ledger) { continuation.yield($0) }
        try await withThrowingTaskGroup { group in
            group.addTask {
                await withTaskGroup { group in
                    for client in 1...clients {
                        group.addTask { await load.runClient("r\(number)c\(client)", seed: seed &+ UInt64(client)) }
                    }
                }
                // If the clients fail before the last event, the server crashes anyway.
                continuation.finish()
            }
            var left = self.events
            for await event in events {
                if !countsEnds || event == .end { left -= 1 }
                if left == 0 { break }
            }
            // A random delay, not a wait for an event.
            if delay > .zero { try await Task.sleep(for: delay) }
            try await crash()
        }
        return ledger
    }
}
