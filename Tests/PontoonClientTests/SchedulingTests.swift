import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import Synchronization
import Testing

@testable import PontoonClient

struct SchedulingTests {
    @Test(
        "a part is slow if it takes more than five seconds and three times as long as usual",
        arguments: [
            (seconds: 4.0, size: 1 << 20, usual: 1e9, isSlow: false),
            (seconds: 6.0, size: 1 << 20, usual: 1e9, isSlow: true),
            // On a slow link, a typical part takes ten seconds.
            (seconds: 29.0, size: 10_000_000, usual: 1e6, isSlow: false),
            (seconds: 31.0, size: 10_000_000, usual: 1e6, isSlow: true),
            (seconds: 1e6, size: 1, usual: nil, isSlow: false),
        ] as [(Double, Int64, Double?, Bool)]
    )
    func tail(seconds: Double, size: Int64, usual: Double?, isSlow: Bool) {
        #expect(HedgingPolicy().isSlow(elapsed: .seconds(seconds), size: size, typicalRate: usual) == isSlow)
    }

    @Test("the typical throughput is the median of recent large parts, and unknown if there are too few")
    func throughput() {
        let storage = StorageObservations()
        storage.add(size: 1, time: .seconds(1))
        for seconds in [1, 1000] { storage.add(size: 1 << 20, time: .seconds(seconds)) }
        #expect(storage.typicalRate == nil)
        storage.add(size: 4 << 20, time: .seconds(2))
        #expect(storage.typicalRate == Double(1 << 20))
    }

    @Test("a permit is acquired without waiting only if one is free and there are no waiters")
    func trying() async throws {
        let semaphore = PrioritySemaphore(permits: 2)
        try await semaphore.acquire(priority: 0)
        #expect(semaphore.tryAcquire())
        #expect(!semaphore.tryAcquire())
        semaphore.release()
        #expect(semaphore.tryAcquire())
    }

    @Test("at most the limit of permits is in use, and waiters are served by priority")
    func permits() async throws {
        let semaphore = PrioritySemaphore(permits: 2)
        let trace = Trace()
        try await semaphore.acquire(priority: 0)
        try await semaphore.acquire(priority: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for priority in [3, 1, 2, 5, 4] {
                group.addTask {
                    try await semaphore.acquire(priority: priority)
                    trace.begin(priority)
                    await Task.yield()
                    trace.end()
                    semaphore.release()
                }
            }
            while semaphore.waiting < 5 { await Task.yield() }
            semaphore.release()
            try await group.waitForAll()
        }
        #expect(trace.most <= 2)
        #expect(trace.order == [1, 2, 3, 4, 5])
    }

    @Test("a cancelled waiter does not acquire a permit")
    func cancelled() async throws {
        let semaphore = PrioritySemaphore(permits: 1)
        try await semaphore.acquire(priority: 0)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await semaphore.acquire(priority: 1)) != nil }
            while semaphore.waiting < 1 { await Task.yield() }
            group.cancelAll()
            #expect(await group.next() == false)
        }
        semaphore.release()
        try await semaphore.acquire(priority: 1)
        #expect(semaphore.isSaturated)
    }

    @Test("concurrency grows while throughput improves, steps back when it does not, and is probed again later")
    func tuning() {
        var controller = ConcurrencyController(limit: 32)
        // Throughput grows until 12 parts are in flight.
        func throughput() -> Double { Double(min(controller.concurrency, 12)) * 10 }
        var widths: [Int] = []
        for _ in 0..<60 {
            controller.observe(throughput: throughput(), isSaturated: true)
            widths.append(controller.concurrency)
        }
        #expect(widths.max() ?? 0 <= 20)
        #expect(widths.suffix(30).allSatisfy { $0 >= 8 }, "\(widths)")
        let before = controller.concurrency
        controller.observe(throughput: 1, isSaturated: false)
        #expect(controller.concurrency == before)
    }

    @Test(
        "the memory of all chunks stays within the limit",
        arguments: [(256 << 20, 32), (256 << 20, 256), (64 << 20, 32), (1 << 20, 4), (1 << 30, 1)]
    )
    func memory(maximum: Int, wanted: Int) {
        let budget = MemoryBudget(maximumMemory: maximum, requestedConcurrency: wanted)
        #expect((1...wanted).contains(budget.concurrency))
        #expect(budget.chunkSize >= 64 << 10 && budget.chunkSize <= 1 << 20)
        let used = budget.chunkSize * budget.concurrency * MemoryBudget.chunksPerPart
        #expect(used <= max(maximum - MemoryBudget.base, 8 << 20))
    }

    @Test("a token bucket limits the rate")
    func bucket() async throws {
        let bucket = TokenBucket(BandwidthLimit(bytesPerSecond: 1_000_000))
        let start = ContinuousClock.now
        for _ in 0..<10 { try await bucket.take(100_000) }
        let time = ContinuousClock.now - start
        #expect(time > .milliseconds(700))
    }
}

/// The order in which tasks ran, and the highest number of tasks that ran at once.
private final class Trace: Sendable {
    private struct State {
        var running = 0
        var most = 0
        var order: [Int] = []
    }

    private let state = Mutex(State())

    var most: Int { state.withLock { $0.most } }
    var order: [Int] { state.withLock { $0.order } }

    func begin(_ name: Int) {
        state.withLock { state in
            state.running += 1
            state.most = max(state.most, state.running)
            state.order.append(name)
        }
    }

    func end() { state.withLock { $0.running -= 1 } }
}

struct TagTests {
    @Test(
        "an ETag is recognized as CRC-64/NVME or MD5 and compared",
        arguments: [
            ("ae8b14860a799888", false, .same), ("AE8B14860A799888", false, .same),
            ("ae8b14860a799889", false, .different), ("25f9e794323b453885f5181f1b624d0b", true, .same),
            ("25f9e794323b453885f5181f1b624d0b", false, .needsMD5),
            ("25f9e794323b453885f5181f1b624d0c", true, .different), ("opaque", true, .unknown), ("", true, .unknown),
            ("25f9e794323b453885f5181f1b624d0b-2", true, .unknown),
        ] as [(String, Bool, RangeDigest.Match)]
    )
    func tags(etag: String, md5: Bool, expected: RangeDigest.Match) {
        var digest = RangeDigest(md5: md5)
        Array("123456789".utf8).withUnsafeBytes { digest.update($0) }
        #expect(digest.compare(etag) == expected)
    }

    @Test("quotes and the prefix of a weak ETag are removed")
    func quotes() {
        #expect("\"abc\"".unquoted == "abc")
        #expect("W/\"abc\"".unquoted == "abc")
        #expect("abc".unquoted == "abc")
        #expect("\"".unquoted == "\"")
    }

    @Test("an HTTP date is parsed")
    func dates() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
        #expect(HTTPDate.parse("now") == nil)
    }

    @Test("the server's clock follows the Date header")
    func skew() {
        let clock = ServerClock()
        clock.note("Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(abs(clock.now.timeIntervalSince1970 - 784_111_777) < 5)
    }
}

struct RateLimitTests {
    private func response(_ headers: HTTPHeaders) -> HTTPResponse {
        HTTPResponse(status: 200, headers: headers, body: ByteBuffer())
    }

    @Test("the rate limit is read from the headers of a response and is unknown without them")
    func headers() {
        let throttle = RateLimitThrottle()
        #expect(throttle.note(response(["X-RateLimit-Limit": "100"]), clock: ServerClock()) == nil)
        #expect(throttle.rateLimit == nil)
        let reset = Int(Date.now.timeIntervalSince1970) + 60
        let headers: HTTPHeaders = [
            "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "\(reset)",
        ]
        let wait = throttle.note(response(headers), clock: ServerClock())
        #expect(wait.map { (.seconds(58) ... .seconds(62)).contains($0) } == true)
        let expected = RateLimitState(
            limit: 100,
            remaining: 7,
            reset: Date(timeIntervalSince1970: TimeInterval(reset))
        )
        #expect(throttle.rateLimit == expected)
    }

    @Test("calls wait while the rate limit is used up")
    func waiting() async throws {
        let throttle = RateLimitThrottle()
        let reset = Int(Date.now.timeIntervalSince1970) + 600
        let headers: HTTPHeaders = [
            "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "\(reset)",
        ]
        throttle.note(response(headers), clock: ServerClock())
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await throttle.pass() }
                group.cancelAll()
                try await group.next()
            }
        }
    }
}
