import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// Webhooks of servers that are killed, with a receiver that refuses about half of the requests, and commands for
/// webhooks.
@Suite(.serialized, .timeLimit(.minutes(60)), .tags(.endToEnd))
struct WebhookCrashTests {
    /// Number of times the server is killed.
    ///
    /// To run more rounds: `TEST_WEBHOOK_ROUNDS=500 swift test …`.
    private static let rounds = Int(ProcessInfo.processInfo.environment["TEST_WEBHOOK_ROUNDS"] ?? "") ?? 20
    private static let allowance = ["--webhook-allow", "127.0.0.1"]

    /// Returns a function that refuses about half of the requests until `isRecovered` returns `true`.
    ///
    /// At most two requests in succession are refused, because the pauses between attempts grow.
    private static func failingHalf(
        until isRecovered: @escaping @Sendable () -> Bool = { false }
    ) -> @Sendable (WebhookReceiver.Request) -> WebhookReceiver.Response {
        let failures = Mutex(0)
        return { _ in
            failures.withLock { count in
                count = !isRecovered() && count < 2 && Bool.random() ? count + 1 : 0
                return .init(count > 0 ? 503 : 204)
            }
        }
    }

    /// Checks the attempts of a webhook against the final event log.
    ///
    /// Each event must have been accepted, and no event may have been sent before all earlier events were accepted.
    private static func expectOrder(_ receiver: WebhookReceiver, _ events: [ReceivedEvent]) throws {
        let numbers = Dictionary(uniqueKeysWithValues: events.enumerated().map { ($1.text("id"), $0) })
        var next = 0
        for (request, status) in receiver.attempts {
            let event = try request.event
            let number = try #require(numbers[event.text("id")], "\(event) is not in the log")
            #expect(event == events[number])
            #expect(number <= next, "\(event) was sent before an earlier event was accepted")
            if status < 300, number == next { next += 1 }
        }
        #expect(next == events.count, "events were not accepted")
    }

    @Test("after kill -9 at random moments, the events of all files are delivered in order, and no others")
    func kills() async throws {
        let isRecovered = Atomic(false)
        try await WebhookReceiver.with(
            respond: Self.failingHalf { isRecovered.load(ordering: .relaxed) }
        ) { receiver in
            try await withTemporaryFolder { folder in
                let options = ServerOptions(data: folder.appending("data"), arguments: Self.allowance)
                let acknowledged = Acknowledged()
                try await withServer(options) { server in
                    _ = try await server.api.createWebhook(receiver.url, types: ["file.created"])
                }
                for round in 0..<Self.rounds {
                    let (_, status) = try await withServer(options) { server in
                        let (start, attempts) = (acknowledged.files.count, receiver.attempts.count)
                        let (uploads, requests) = (Int.random(in: 1...4), Int.random(in: 0...2))
                        await withTaskGroup(of: Void.self) { group in
                            for sender in 0..<3 {
                                group.addTask {
                                    // The server is killed while calls are in progress. The number of files is small,
                                    // because a pause of one or two seconds follows each failed attempt.
                                    for number in 0..<3 {
                                        let name = "\(round)-\(sender)-\(number)"
                                        guard let file = try? await server.api.uploadSmall(name) else { return }
                                        acknowledged.add(file)
                                    }
                                }
                            }
                            group.addTask {
                                try? await eventually("there are uploads and attempts", within: .seconds(60)) {
                                    acknowledged.files.count >= start + uploads
                                        && receiver.attempts.count >= attempts + requests
                                }
                                server.signal(SIGKILL)
                            }
                        }
                    }
                    #expect(status == .signaled(SIGKILL))
                }
                // If the receiver still failed, delivering the events of hundreds of rounds would take hours, because a
                // pause follows each failed attempt.
                isRecovered.store(true, ordering: .relaxed)
                try await withServer(options) { server in
                    let events = try await server.api.events("types=file.created").events
                    let created = Set(events.map { String($0.subject.dropFirst("files/".count)) })
                    #expect(acknowledged.files.isSubset(of: created))
                    for file in created {
                        #expect(try await server.api.call(.GET, "/files/\(file)").status == 200, "\(file)")
                    }
                    let last = events.last?.text("id")
                    try await eventually("the last event is accepted", within: .seconds(1800)) {
                        try receiver.accepted.last?.text("id") == last
                    }
                    try Self.expectOrder(receiver, events)
                }
            }
        }
    }

    @Test("three servers on PostgreSQL deliver events in order, even if one dies", .tags(.needsPostgreSQL))
    func severalServers() async throws {
        try await WebhookReceiver.with(respond: Self.failingHalf()) { receiver in
            try await Cluster.with(ownEngines: false) { cluster in
                let options = (0..<3).map { cluster.options($0, arguments: Self.allowance) }
                try await withServer(options[0]) { first in
                    try await withServer(options[1]) { second in
                        try await withServer(options[2]) { third in
                            let servers = [first, second, third]
                            _ = try await first.api.createWebhook(receiver.url, types: ["file.created"])
                            _ = try await concurrently(9) { try await servers[$0 % 3].api.uploadSmall("\($0)") }
                            try await eventually("some events are accepted") { try receiver.accepted.count > 2 }
                            first.signal(SIGKILL)
                            _ = try await concurrently(6) { try await servers[1 + $0 % 2].api.uploadSmall("x\($0)") }
                            let events = try await second.api.events("types=file.created").events
                            // If the killed server held the lease, it expires after a minute.
                            try await eventually("the last event is accepted", within: .seconds(1200)) {
                                try receiver.accepted.contains { $0.text("id") == events.last?.text("id") }
                            }
                            #expect(events.count == 15)
                            try Self.expectOrder(receiver, events)
                        }
                    }
                }
            }
        }
    }

    @Test("commands manage the webhooks of the service, and a running server applies their changes")
    func commands() async throws {
        try await WebhookReceiver.with { receiver in
            try await withServer(arguments: Self.allowance) { server in
                let types = "folder.created,project.created"
                let created = try await server.administer("webhook", "create", "--types", types, receiver.url)
                let secret = created.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(secret.hasPrefix("whsec_"))
                let list = try await server.administer("webhook", "list", "--json")
                let line = try JSONDecoder().decode(JSONValue.self, from: Data(list.utf8))
                let id = try #require(line.string("id"))
                #expect(line.string("state") == "active" && !list.contains("whsec_"))
                _ = try await server.api.makeFolder("a")
                try await eventually("the event is accepted") { try receiver.accepted.count == 1 }
                #expect(receiver.attempts.allSatisfy { $0.request.isSigned(with: secret) })
                let start = try #require(line.string("cursor"))
                _ = try await server.administer("webhook", "replay", id, start)
                try await eventually("the event is sent again") { try receiver.accepted.count == 2 }
                _ = try await server.administer("webhook", "disable", id)
                #expect(try await server.administer("webhook", "list").contains("disabled"))
                _ = try await server.administer("webhook", "enable", id)
                let rotated = try await server.administer("webhook", "rotate-secret", id)
                #expect(rotated.hasPrefix("whsec_") && !rotated.contains(secret))
                #expect(try await server.administer("webhook", "deliveries", id).contains("EVENT"))
                _ = try await server.administer("webhook", "delete", id)
                #expect(try await !server.administer("webhook", "list").contains(id))
            }
        }
    }
}

/// The ids of the files whose storage was acknowledged.
private final class Acknowledged: Sendable {
    private let ids = Mutex<Set<String>>([])

    var files: Set<String> { ids.withLock { $0 } }

    func add(_ file: String) { _ = ids.withLock { $0.insert(file) } }
}
