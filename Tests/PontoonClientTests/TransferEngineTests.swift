import NIOCore
import NIOHTTP1
import Synchronization
import SystemPackage
import Testing

@testable import PontoonClient

/// The transfer engine, with files that exist only in memory.
struct TransferEngineTests {
    private struct Item: TransferItem {
        var localPath: FilePath { "/dev/null" }
        var remotePath: String
        var fileID: String? { nil }
    }

    private struct Failure: Error {}

    /// A job whose outcome for each file depends on the file's name.
    private final class Job: TransferJob {
        let items: [Item]
        let maximumOpenFiles: Int
        let opensFilesUnderPermit: Bool
        let parts: Int
        private let open = Mutex((now: 0, most: 0))
        private let started = Mutex<[String]>([])
        private let prepared = Mutex<[[Int]]>([])

        init(_ names: [String], maximumOpenFiles: Int = 4, opensFilesUnderPermit: Bool = true, parts: Int = 1) {
            items = names.map { Item(remotePath: $0) }
            self.maximumOpenFiles = maximumOpenFiles
            self.opensFilesUnderPermit = opensFilesUnderPermit
            self.parts = parts
        }

        var mostOpen: Int { open.withLock { $0.most } }
        var startedNames: [String] { started.withLock { $0 } }
        var preparations: [[Int]] { prepared.withLock { $0 } }

        func prepare(_ indices: ArraySlice<Int>) throws {
            if indices.contains(where: { items[$0].remotePath == "unprepared" }) { throw Failure() }
            prepared.withLock { $0.append(Array(indices)) }
        }

        func start(_ file: TransferFile<Item>) -> TransferStart {
            if file.item.remotePath == "known" { return .ended(TransferEnding(outcome: .skipped)) }
            return .transfer { try await self.transfer(file) }
        }

        private func transfer(_ file: TransferFile<Item>) async throws -> TransferEnding {
            open.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            defer { open.withLock { $0.now -= 1 } }
            started.withLock { $0.append(file.item.remotePath) }
            file.progress.opened(size: Int64(parts))
            switch file.item.remotePath {
            case "fails": throw Failure()
            case "refused":
                let response = HTTPResponse(status: 401, headers: HTTPHeaders(), body: ByteBuffer())
                throw APIError(response, purpose: "test", call: "GET /")
            case "waits": try await Task.sleep(for: .seconds(3600))
            default: break
            }
            if parts > 1 { file.permit.release() }
            file.progress.started(parts: parts)
            let numbers = try await file.mapParts(Array(1...parts)) { number in
                file.progress.transferred(1)
                file.progress.storedPart()
                return number
            }
            #expect(numbers == Array(1...parts))
            return TransferEnding(outcome: .transferred)
        }

        func isFatal(_ error: APIError) -> Bool { error.status == 401 }
    }

    private func run(
        _ job: Job,
        concurrency: Int = 2,
        observe: @Sendable (TransferEvents<Item>) async -> Void = { for await _ in $0 {} }
    ) async throws -> [TransferResult<Item>] {
        let credentials = Credentials(
            endpoint: try Endpoint("http://127.0.0.1:1/v2"),
            token: AuthToken("t"),
            source: "the test"
        )
        return try await SevenBridgesClient.withClient(credentials) { client in
            var options = TransferOptions()
            options.concurrency = .fixed(concurrency)
            return try await TransferContext.withContext(
                for: client,
                options: options,
                automatic: AutomaticConcurrency(limit: 4),
                board: ProgressBoard(sizes: job.items.map { _ in 0 }),
                observe: observe
            ) { context in
                try await context.run(job)
            }
        }
    }

    private func outcomes(_ results: [TransferResult<Item>]) -> [String] {
        results.map { result in
            switch result.outcome {
            case .transferred: "transferred"
            case .alreadyThere: "alreadyThere"
            case .skipped: "skipped"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        }
    }

    @Test("results are in the order of the items, and a failed file does not stop the others")
    func order() async throws {
        let results = try await run(Job(["a", "fails", "known", "b"], parts: 3))
        #expect(outcomes(results) == ["transferred", "failed", "skipped", "transferred"])
        #expect(results.map(\.index) == [0, 1, 2, 3])
        #expect(results.map(\.transferredBytes) == [3, 0, 0, 3])
    }

    @Test("the number of open files stays within its limit", arguments: [true, false])
    func width(isUnderPermit: Bool) async throws {
        let job = Job(
            (0..<40).map { "f\($0)" },
            maximumOpenFiles: 3,
            opensFilesUnderPermit: isUnderPermit,
            parts: 5
        )
        let results = try await run(job)
        #expect(results.allSatisfy { $0.isSuccess })
        #expect(job.mostOpen <= 3)
    }

    @Test("after a fatal refusal, no further files are started")
    func fatal() async throws {
        let job = Job(["refused"] + (0..<50).map { "f\($0)" }, maximumOpenFiles: 1)
        let results = try await run(job, concurrency: 1)
        #expect(outcomes(results).allSatisfy { $0 == "failed" })
        #expect(job.startedNames == ["refused"])
    }

    @Test(
        "files are prepared in groups: an error of the first group is thrown, and one of a later group fails its files"
    )
    func preparation() async throws {
        let names = (0..<1001).map { "f\($0)" }
        let job = Job(names)
        #expect(try await run(job).allSatisfy(\.isSuccess))
        #expect(job.preparations == [Array(0..<1000), [1000]])
        let results = try await run(Job(names.dropLast() + ["unprepared"]))
        #expect(results.dropLast().allSatisfy(\.isSuccess) && results.last?.isSuccess == false)
        await #expect(throws: Failure.self) { try await run(Job(["unprepared"] + names)) }
    }

    @Test("cancellation cancels both started and waiting files", .timeLimit(.minutes(10)))
    func cancellation() async throws {
        let job = Job(["waits", "waits", "a"], maximumOpenFiles: 2)
        let results = try await withThrowingTaskGroup(of: [TransferResult<Item>].self) { group in
            group.addTask { try await run(job) }
            while job.startedNames.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
            group.cancelAll()
            return try await group.next() ?? []
        }
        #expect(outcomes(results) == ["cancelled", "cancelled", "cancelled"])
    }

    @Test("events end with the results and the final progress, and a consumer may stop early")
    func events() async throws {
        let finished = Mutex<[Int]>([])
        let last = Mutex<TransferProgress?>(nil)
        _ = try await run(Job(["a", "fails"])) { events in
            for await event in events {
                switch event {
                case .finished(let result): finished.withLock { $0.append(result.index) }
                case .progress(let progress): last.withLock { $0 = progress }
                default: break
                }
            }
        }
        #expect(finished.withLock { $0.sorted() } == [0, 1])
        let progress = try #require(last.withLock { $0 })
        #expect(progress.finishedFiles == 2 && progress.failedFiles == 1 && progress.active.isEmpty)
        #expect(try await run(Job(["a"])) { _ in }.map(\.isSuccess) == [true])
    }
}

struct RetryLoopTests {
    private struct Failure: Error {}

    private var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.initialBackoff = .zero
        policy.attempts = 4
        return policy
    }

    /// Retries an operation whose attempts before number `attempts` fail with `outcome`.
    ///
    /// - Returns: How many attempts were made, and how many retries required a new URL.
    /// - Throws: The error of the last attempt, if the operation is not retried again.
    private func attempts(
        until attempts: Int,
        outcome: RetryPolicy.Outcome?,
        madeProgress: Bool = false,
        maximumTime: Duration = .seconds(3600),
        contact: ContactClock = ContactClock()
    ) async throws -> (count: Int, refreshes: Int) {
        var (count, refreshes) = (0, 0)
        var policy = policy
        policy.maximumTime = maximumTime
        if maximumTime == .zero { policy.attempts = nil }
        try await policy.withRetries(contact: contact) { error in
            FailedAttempt(outcome: outcome, error: error, madeProgress: madeProgress)
        } willRetry: { _, retry in
            refreshes += retry.refreshesURL ? 1 : 0
        } _: {
            count += 1
            if count < attempts { throw Failure() }
        }
        return (count, refreshes)
    }

    @Test("an attempt is repeated until it succeeds")
    func success() async throws {
        let plain = try await attempts(until: 3, outcome: .notConnected)
        #expect(plain.count == 3 && plain.refreshes == 0)
        let refreshed = try await attempts(until: 3, outcome: .checksumMismatch)
        #expect(refreshed.count == 3 && refreshed.refreshes == 2)
    }

    @Test("the error is thrown after the last attempt, or earlier if no further attempt can succeed")
    func failure() async {
        await #expect(throws: Failure.self) { try await attempts(until: 5, outcome: .notConnected) }
        await #expect(throws: Failure.self) { try await attempts(until: 2, outcome: nil) }
        await #expect(throws: Failure.self) {
            try await attempts(until: 2, outcome: .storageRefused(status: 400, code: nil, wait: nil))
        }
    }

    @Test("progress resets the count of attempts")
    func progress() async throws {
        #expect(try await attempts(until: 20, outcome: .connectionLost, madeProgress: true).count == 20)
    }

    @Test("after the maximum time the error is thrown, unless other requests to the same server succeed")
    func maximumTime() async throws {
        await #expect(throws: Failure.self) {
            try await attempts(until: 2, outcome: .notConnected, maximumTime: .zero)
        }
        let end = ContinuousClock.now + .seconds(3)
        let contact = ContactClock()
        var policy = policy
        (policy.attempts, policy.maximumTime) = (nil, .seconds(2))
        (policy.initialBackoff, policy.maximumBackoff) = (.milliseconds(20), .milliseconds(20))
        // Another request to the server succeeds before each retry, so the retries do not stop after the maximum time.
        try await policy.withRetries(contact: contact) { error in
            contact.note()
            return FailedAttempt(outcome: .connectionLost, error: error)
        } willRetry: { _, _ in
        } _: {
            if ContinuousClock.now < end { throw Failure() }
        }
        // A refusal is not an outage, so the successes of other requests do not prolong the retries.
        await #expect(throws: Failure.self) {
            try await policy.withRetries(contact: contact) { error in
                contact.note()
                return FailedAttempt(outcome: .refused(status: 500, code: nil, wait: nil), error: error)
            } willRetry: { _, _ in
            } _: {
                throw Failure()
            }
        }
    }

    @Test("an unclassified error is thrown unchanged")
    func unclassified() async {
        var count = 0
        await #expect(throws: Failure.self) {
            try await policy.withRetries(contact: ContactClock()) { _ in
                nil
            } willRetry: { _, _ in
            } _: {
                count += 1
                throw Failure()
            }
        }
        #expect(count == 1)
    }

    @Test("a transfer is stopped only if it makes no progress for too long")
    func stalls() async throws {
        let value = try await withStallGuard(limit: { .seconds(3600) }) {
            .zero
        } _: {
            1
        }
        #expect(value == 1)
        await #expect(throws: TransportFailure.self) {
            try await withStallGuard(limit: { .milliseconds(1) }) {
                .seconds(1)
            } _: {
                try await Task.sleep(for: .seconds(3600))
            }
        }
    }
}

struct DownloadSourceTests {
    private enum Expected { case accepted, refusal, changed, broken, unsupported }

    @Test(
        "only responses with the requested bytes of the same version are accepted",
        arguments: [
            (206, ["Content-Range": "bytes 10-19/100", "ETag": "\"a\""], .accepted),
            (206, ["Content-Range": "bytes 10-19/*", "ETag": "\"a\""], .accepted),
            (206, ["Content-Range": "bytes 0-9/100", "ETag": "\"a\""], .broken),
            (206, ["Content-Range": "bytes 10-19/101", "ETag": "\"a\""], .changed),
            (206, ["Content-Range": "bytes 10-19/100", "ETag": "\"b\""], .changed),
            (200, ["ETag": "\"a\""], .unsupported), (200, ["ETag": "\"b\""], .changed), (200, [:], .changed),
            (416, [:], .changed), (403, [:], .refusal), (503, [:], .refusal),
        ] as [(Int, [String: String], Expected)]
    )
    private func responses(status: Int, headers: [String: String], expected: Expected) async throws {
        let credentials = Credentials(
            endpoint: try Endpoint("http://127.0.0.1:1/v2"),
            token: AuthToken("t"),
            source: "the test"
        )
        try await SevenBridgesClient.withClient(credentials) { client in
            let item = DownloadItem(id: "id", remotePath: "f", target: "f")
            let source = DownloadSource(client: client, item: item, size: 100, earlier: [:])
            let result: Expected
            do {
                let fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
                result =
                    try source.accepts(status: status, fields, for: 10..<20, known: "\"a\"") ? .accepted : .refusal
            } catch is RemoteFileChanged {
                result = .changed
            } catch is TransportFailure {
                result = .broken
            } catch is ClientError {
                result = .unsupported
            }
            #expect(result == expected)
        }
    }
}
