import Glibc
import PontoonTesting
import Synchronization

/// Failures of the components of a cluster.
final class ChaosFaults: Sendable {
    /// The kind of a failure.
    enum Kind: String, CaseIterable, Sendable {
        /// A server is killed.
        case kill
        /// A server is suspended for longer than its leases last.
        case suspend
        /// PostgreSQL crashes.
        case database
        /// SeaweedFS is killed.
        case bucket
    }

    private let cluster: Cluster
    private let servers: [RestartableServer]
    private let calls: ChaosCalls
    private let counts = Mutex<[Kind: Int]>([:])

    init(_ cluster: Cluster, _ servers: [RestartableServer], _ calls: ChaosCalls) {
        self.cluster = cluster
        self.servers = servers
        self.calls = calls
    }

    /// Returns the number of failures of a kind so far.
    func count(_ kind: Kind) -> Int { counts.withLock { $0[kind, default: 0] } }

    /// Causes failures for the given time, each kind about equally often.
    ///
    /// - Throws: ``ContractViolation`` if the cluster does not recover from a failure.
    func run(for duration: Duration, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let end = ContinuousClock.now + duration
        var next: [Kind] = []
        while ContinuousClock.now < end {
            if next.isEmpty { next = Kind.allCases.shuffled(using: &random) }
            // A random delay, not a wait for an event.
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...1000, using: &random)))
            try await cause(next.removeLast(), to: servers.shuffled(using: &random), using: &random)
            for server in servers { try await server.ready() }
        }
    }

    /// Causes one failure.
    ///
    /// A failure of a server affects the first of `servers`. While that server is suspended, another component may
    /// fail, too.
    private func cause(_ kind: Kind, to servers: [RestartableServer], using random: inout SeededGenerator) async throws
    {
        let victim = servers[0]
        let isServer = kind == .kill || kind == .suspend
        if random.happens(70) { await waitForComplete(at: isServer ? victim : nil) }
        // Random delays from here on, not waits for events.
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
        counts.withLock { $0[kind, default: 0] += 1 }
        switch kind {
        case .kill:
            victim.signal(SIGKILL)
            try await Task.sleep(for: .seconds([0, 1, 4].randomElement(using: &random) ?? 0))
            victim.start()
        case .suspend:
            victim.signal(SIGSTOP)
            defer { victim.signal(SIGCONT) }
            let end = ContinuousClock.now + Cluster.leaseDuration * 1.5
            if random.happens(50), let second = [Kind.kill, .database, .bucket].randomElement(using: &random) {
                try await cause(second, to: Array(servers.dropFirst()), using: &random)
            }
            try await Task.sleep(until: end)
        case .database:
            try await cluster.database.stop()
            try await Task.sleep(for: .seconds([0, 1, 3].randomElement(using: &random) ?? 0))
            try await cluster.database.start()
        case .bucket:
            try await cluster.bucket.kill()
            try await Task.sleep(for: .seconds([0, 1].randomElement(using: &random) ?? 0))
            try await cluster.bucket.start()
        }
    }

    /// Waits until a complete call is running, but at most 3 s, because the clients may be doing other work.
    private func waitForComplete(at server: RestartableServer?) async {
        try? await eventually("complete is running", within: .seconds(3)) {
            calls.isCompleting(at: server?.api.origin)
        }
    }
}
