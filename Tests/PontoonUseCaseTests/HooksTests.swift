import Foundation
import PontoonMetadata
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

@testable import PontoonCore

/// Hook runs: selection of events, order, retries, and the position at which they resume.
@Suite(.timeLimit(.minutes(10)))
struct HooksTests {
    /// A store with a project, and the recorded runs and notices of hooks.
    private struct Harness: Sendable {
        let driver: FaultyDriver
        let metadata: SQLMetadataStore
        let fixture: MetadataFixture
        let calls = Calls()

        func hooks(concurrency: Int = 1) -> Hooks {
            Hooks(
                metadata: metadata,
                feed: EventFeed(store: metadata, publishes: true),
                leaseDuration: nil,
                concurrency: concurrency,
                backoff: Backoff(first: .milliseconds(1), longest: .milliseconds(1))
            )
        }

        func addFiles(_ names: [String]) async throws {
            for name in names { try await fixture.addFile(name, to: metadata) }
        }

        /// Runs hooks in the background while `body` runs.
        func running(
            concurrency: Int = 1,
            _ hook: @escaping Hooks.Hook,
            _ body: () async throws -> Void
        ) async throws {
            let hooks = hooks(concurrency: concurrency)
            let task = Task { try await hooks.run(hook) { calls.note($0) } }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            task.cancel()
            _ = await task.result
            try result.get()
        }
    }

    private final class Calls: Sendable {
        private let state = Mutex((names: [String](), notices: [String]()))

        var names: [String] { state.withLock { $0.names } }
        var notices: [String] { state.withLock { $0.notices } }

        func add(_ event: Event) { state.withLock { $0.names.append(event.fileName) } }

        func note(_ notice: Hooks.Notice) {
            let text =
                switch notice {
                case .eventsExpired: "expired"
                case .newLog: "new log"
                case .abandoned(let event): "abandoned \(event.fileName)"
                case .interrupted: "interrupted"
                }
            state.withLock { $0.notices.append(text) }
        }
    }

    private func withHarness(_ body: (Harness) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let settings = SQLiteSettings(path: folder.appending("db").string)
            let driver = FaultyDriver(try await SQLiteDriver.open(settings))
            let metadata = try await SQLMetadataStore(driver: driver)
            let fixture = try await MetadataFixture(in: metadata)
            let harness = Harness(driver: driver, metadata: metadata, fixture: fixture)
            let result: Result<Void, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            try await metadata.close()
            try result.get()
        }
    }

    @Test("the first run begins at the end of the log, and later ones continue where the last one stopped")
    func continues() async throws {
        try await withHarness { harness in
            try await harness.addFiles(["old"])
            let hook: Hooks.Hook = { event, _ in
                harness.calls.add(event)
                return true
            }
            try await harness.running(hook) {
                try await eventually("started") { try await harness.metadata.hookCursor() != nil }
                try await harness.addFiles(["a", "b"])
                try await eventually("two runs") { harness.calls.names == ["a", "b"] }
                try await eventually("the position is stored") {
                    try await harness.metadata.hookCursor() == harness.metadata.lastEvent()
                }
            }
            try await harness.addFiles(["c"])
            try await harness.running(hook) {
                try await eventually("one more run") { harness.calls.names == ["a", "b", "c"] }
            }
            #expect(harness.calls.notices == [])
        }
    }

    @Test("an unfinished run is repeated, together with later ones that the position has not passed")
    func repeats() async throws {
        try await withHarness { harness in
            let gate = Gate()
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            try await harness.addFiles(["a", "b", "c"])
            try await harness.running(concurrency: 2) { event, _ in
                harness.calls.add(event)
                if event.fileName == "b" { try await gate.pass() }
                return true
            } _: {
                try await eventually("three runs") { harness.calls.names.count == 3 }
            }
            #expect(harness.calls.names.sorted() == ["a", "b", "c"])
            try await harness.running { event, _ in
                harness.calls.add(event)
                return true
            } _: {
                try await eventually("two more runs") { harness.calls.names.suffix(2) == ["b", "c"] }
            }
            #expect(harness.calls.names.filter { $0 == "a" }.count == 1)
        }
    }

    @Test("a hook that fails is repeated, and then abandoned, so that the next event follows")
    func givesUp() async throws {
        try await withHarness { harness in
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            try await harness.addFiles(["bad", "recovers", "good"])
            let attempts = Mutex<[Int]>([])
            try await harness.running { event, attempt in
                if event.fileName == "bad" { attempts.withLock { $0.append(attempt) } }
                harness.calls.add(event)
                return event.fileName == "good" || (event.fileName == "recovers" && attempt == 2)
            } _: {
                try await eventually("the last run") { harness.calls.names.last == "good" }
            }
            #expect(attempts.withLock { $0 } == [1, 2, 3, 4, 5])
            #expect(harness.calls.names == Array(repeating: "bad", count: 5) + ["recovers", "recovers", "good"])
            #expect(harness.calls.notices == ["abandoned bad"])
        }
    }

    @Test("the number of concurrent hooks is limited, and they start in the order of the log")
    func concurrency() async throws {
        try await withHarness { harness in
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            let names = (0..<12).map { "\($0)" }
            try await harness.addFiles(names)
            let gates = [Gate(), Gate()]
            let running = Mutex((now: 0, highest: 0))
            try await harness.running(concurrency: 3) { event, _ in
                running.withLock { running in
                    running.now += 1
                    running.highest = max(running.highest, running.now)
                }
                defer { running.withLock { $0.now -= 1 } }
                harness.calls.add(event)
                try await gates[(Int(event.fileName) ?? 0) < 3 ? 0 : 1].pass()
                return true
            } _: {
                try await eventually("three runs") { harness.calls.names.count == 3 }
                #expect(harness.calls.names.sorted() == ["0", "1", "2"])
                gates[0].open()
                try await eventually("three more") { harness.calls.names.count == 6 }
                gates[1].open()
                try await eventually("all") { harness.calls.names.count == 12 }
                #expect(Set(harness.calls.names) == Set(names))
                #expect(running.withLock { $0.highest } == 3)
            }
        }
    }

    @Test("deleted events are skipped with a notice, and after a restore, runs continue at the end of the new log")
    func lostEvents() async throws {
        try await withHarness { harness in
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            let start = try await harness.metadata.hookCursor()
            try await harness.addFiles(["a", "b"])
            _ = try await harness.metadata.pruneEvents(before: Date().addingTimeInterval(60), limit: 100)
            try await harness.addFiles(["c"])
            let hook: Hooks.Hook = { event, _ in
                harness.calls.add(event)
                return true
            }
            try await harness.running(hook) {
                try await eventually("one run") { harness.calls.names == ["c"] }
                try await eventually("the position is stored") {
                    try await harness.metadata.hookCursor() == harness.metadata.lastEvent()
                }
            }
            #expect(harness.calls.notices == ["expired"])
            let stored = try #require(try await harness.metadata.hookCursor())
            #expect(stored != start)
            let other = EventCursor(log: "0123456789abcdef", position: 1)
            #expect(try await harness.metadata.moveHookCursor(from: stored, to: other))
            try await harness.running(hook) {
                try await eventually("the new log") { harness.calls.notices == ["expired", "new log"] }
                try await harness.addFiles(["d"])
                try await eventually("only the new file") { harness.calls.names == ["c", "d"] }
            }
        }
    }

    @Test("no hook is repeated because the response to a commit was lost while another one runs")
    func lostResponse() async throws {
        try await withHarness { harness in
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            try await harness.addFiles(["a", "b"])
            let gates = ["a": Gate(), "b": Gate()]
            try await harness.running(concurrency: 2) { event, _ in
                harness.calls.add(event)
                try await gates[event.fileName]?.pass()
                return true
            } _: {
                for gate in gates.values { try await gate.reached() }
                harness.driver.failNextWrite(.afterCommit)
                gates["a"]?.open()
                try await eventually("the failure is noticed") { harness.calls.notices == ["interrupted"] }
                gates["b"]?.open()
                try await eventually("the position is stored") {
                    try await harness.metadata.hookCursor() == harness.metadata.lastEvent()
                }
                try await harness.addFiles(["c"])
                try await eventually("the next run") { harness.calls.names.last == "c" }
            }
            #expect(harness.calls.names.sorted() == ["a", "b", "c"])
            #expect(harness.calls.notices == ["interrupted"])
        }
    }

    @Test(
        "a hook that has finished is not repeated because storing its position has failed",
        arguments: [FaultyDriver.Fault.beforeCommit, .afterCommit]
    )
    func failedStore(_ fault: FaultyDriver.Fault) async throws {
        try await withHarness { harness in
            let gate = Gate()
            _ = try await harness.metadata.moveHookCursor(from: nil, to: try await harness.metadata.lastEvent())
            try await harness.addFiles(["a"])
            try await harness.running { event, _ in
                harness.calls.add(event)
                try await gate.pass()
                return true
            } _: {
                try await gate.reached()
                harness.driver.failNextWrite(fault)
                gate.open()
                try await eventually("the position is stored") {
                    try await harness.metadata.hookCursor() == harness.metadata.lastEvent()
                }
                try await harness.addFiles(["b"])
                try await eventually("the next run") { harness.calls.names.last == "b" }
            }
            #expect(harness.calls.names == ["a", "b"])
            #expect(harness.calls.notices == ["interrupted"])
        }
    }

    @Test("hooks stop when another server has moved the position")
    func takenOver() async throws {
        try await withHarness { harness in
            let gate = Gate()
            let start = try await harness.metadata.lastEvent()
            _ = try await harness.metadata.moveHookCursor(from: nil, to: start)
            try await harness.addFiles(["a"])
            let last = try await harness.metadata.lastEvent()
            let hooks = harness.hooks()
            let task = Task {
                try await hooks.run { event, _ in
                    harness.calls.add(event)
                    try await gate.pass()
                    return true
                } report: {
                    harness.calls.note($0)
                }
            }
            try await gate.reached()
            #expect(try await harness.metadata.moveHookCursor(from: start, to: last))
            gate.open()
            try await task.value
            #expect(try await harness.metadata.hookCursor() == last)
        }
    }
}

extension Event {
    /// The name in the event's details, or an empty string if there is none.
    fileprivate var fileName: String {
        let details = try? JSONDecoder().decode([String: DetailValue].self, from: Data(data.utf8))
        return details?["name"]?.text ?? ""
    }
}

private struct DetailValue: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
}
