import Foundation
import Synchronization
import Testing

@testable import PontoonClient

struct SchedulingTests {
    @Test(
        "a part is slow when it takes three times as long as others would, and not before five seconds",
        arguments: [
            (seconds: 4.0, size: 1 << 20, usual: 1e9, isSlow: false),
            (seconds: 6.0, size: 1 << 20, usual: 1e9, isSlow: true),
            // A slow link is slow for all: ten seconds are usual.
            (seconds: 29.0, size: 10_000_000, usual: 1e6, isSlow: false),
            (seconds: 31.0, size: 10_000_000, usual: 1e6, isSlow: true),
            (seconds: 1e6, size: 1, usual: nil, isSlow: false),
        ] as [(Double, Int64, Double?, Bool)]
    )
    func tail(seconds: Double, size: Int64, usual: Double?, isSlow: Bool) {
        #expect(TailPolicy().isSlow(elapsed: .seconds(seconds), size: size, usual: usual) == isSlow)
    }

    @Test("the usual pace is that of the middle of the latest parts; few or small ones tell nothing")
    func pace() {
        let pace = PartPace()
        pace.note(size: 1, time: .seconds(1))
        for seconds in [1, 1000] { pace.note(size: 1 << 20, time: .seconds(seconds)) }
        #expect(pace.usual == nil)
        pace.note(size: 4 << 20, time: .seconds(2))
        #expect(pace.usual == Double(1 << 20))
    }

    @Test("a slot is taken without waiting only when one is free and nobody waits")
    func trying() async throws {
        let slots = Slots(width: 2)
        try await slots.acquire(urgency: 0)
        #expect(slots.tryAcquire())
        #expect(!slots.tryAcquire())
        slots.release()
        #expect(slots.tryAcquire())
    }

    @Test("there are never more in flight than slots, and the most urgent goes first")
    func slots() async throws {
        let slots = Slots(width: 2)
        let trace = Trace()
        try await slots.acquire(urgency: 0)
        try await slots.acquire(urgency: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for urgency in [3, 1, 2, 5, 4] {
                group.addTask {
                    try await slots.acquire(urgency: urgency)
                    trace.begin(urgency)
                    await Task.yield()
                    trace.end()
                    slots.release()
                }
            }
            while slots.waiting < 5 { await Task.yield() }
            slots.release()
            try await group.waitForAll()
        }
        #expect(trace.most <= 2)
        #expect(trace.order == [1, 2, 3, 4, 5])
    }

    @Test("who is cancelled while waiting takes no slot")
    func cancelled() async throws {
        let slots = Slots(width: 1)
        try await slots.acquire(urgency: 0)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await slots.acquire(urgency: 1)) != nil }
            while slots.waiting < 1 { await Task.yield() }
            group.cancelAll()
            #expect(await group.next() == false)
        }
        slots.release()
        try await slots.acquire(urgency: 1)
        #expect(slots.isSaturated)
    }

    @Test("more at once while it gains, back when it does not, and another try later")
    func tuning() {
        var tuner = ParallelTuner(limit: 32)
        // A link that gains up to 12 at once.
        func throughput() -> Double { Double(min(tuner.width, 12)) * 10 }
        var widths: [Int] = []
        for _ in 0..<60 {
            tuner.observe(throughput: throughput(), isSaturated: true)
            widths.append(tuner.width)
        }
        #expect(widths.max() ?? 0 <= 20)
        #expect(widths.suffix(30).allSatisfy { $0 >= 8 }, "\(widths)")
        let before = tuner.width
        tuner.observe(throughput: 1, isSaturated: false)
        #expect(tuner.width == before)
    }

    @Test(
        "memory is divided so that it is never more than allowed",
        arguments: [(256 << 20, 32), (256 << 20, 256), (64 << 20, 32), (1 << 20, 4), (1 << 30, 1)]
    )
    func memory(maximum: Int, wanted: Int) {
        let plan = MemoryPlan(maximumMemory: maximum, wanted: wanted)
        #expect((1...wanted).contains(plan.width))
        #expect(plan.chunk >= 64 << 10 && plan.chunk <= 1 << 20)
        let used = plan.chunk * plan.width * MemoryPlan.chunksPerPart
        #expect(used <= max(maximum - MemoryPlan.base, 8 << 20))
    }

    @Test("a token bucket lets no more through than its rate")
    func bucket() async throws {
        let bucket = TokenBucket(bytesPerSecond: 1_000_000)
        let start = ContinuousClock.now
        for _ in 0..<10 { try await bucket.take(100_000) }
        let time = ContinuousClock.now - start
        #expect(time > .milliseconds(700))
    }
}

/// What ran when, and how much at once.
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
        "a storage's tag tells what it is",
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

    @Test("quotes and the mark of a weak tag are taken off")
    func quotes() {
        #expect("\"abc\"".unquoted == "abc")
        #expect("W/\"abc\"".unquoted == "abc")
        #expect("abc".unquoted == "abc")
        #expect("\"".unquoted == "\"")
    }

    @Test("dates of HTTP")
    func dates() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
        #expect(HTTPDate.parse("now") == nil)
    }

    @Test("the server's clock is what its answers say")
    func skew() {
        let clock = ServerClock()
        clock.note("Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(abs(clock.now.timeIntervalSince1970 - 784_111_777) < 5)
    }
}
