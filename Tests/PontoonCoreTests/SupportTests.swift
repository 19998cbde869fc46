import Foundation
import PontoonCore
import Synchronization
import Testing

@Suite struct SupportTests {
    @Test("hexadecimal digits round-trip in either case")
    func hex() {
        #expect(Hex.encode([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(Hex.decode("000fA0FF") == [0x00, 0x0F, 0xA0, 0xFF])
        #expect(Hex.decode("") == [])
        for text in ["0", "0g", " 0", "000"] { #expect(Hex.decode(text) == nil, "\(text)") }
    }

    @Test("HTTP dates round-trip, and other formats are rejected")
    func httpDate() {
        let date = Date(timeIntervalSince1970: 784_111_777)
        #expect(HTTPDate.format(date) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == date)
        for text in [
            "", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
            "Wed, 30 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 Nov 9223372036854775807 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT", "Sun, 06 Nov 1994 08::9:37 GMT",
        ] { #expect(HTTPDate.parse(text) == nil, "\(text)") }
        for seconds: Double in [0, 951_782_400, 4_102_444_799] {
            let date = Date(timeIntervalSince1970: seconds)
            #expect(HTTPDate.parse(HTTPDate.format(date)) == date)
        }
    }

    @Test("entity tags match regardless of case and quotes")
    func entityTags() {
        #expect(ETag.unquoted("\"ab\"") == "ab")
        #expect(ETag.unquoted("\"") == "\"")
        #expect(ETag.unquoted("\"\"") == "")
        #expect(ETag.matches("\"AB\"", "ab"))
        #expect(!ETag.matches("ab", "abc"))
    }

    @Test("at most the given number of items run at a time, and results keep their order", arguments: [0, 1, 3, 50])
    func concurrencyLimit(limit: Int) async throws {
        let state = Mutex((running: 0, most: 0))
        let results = try await mapConcurrently(0..<20, limit: limit) { item in
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            await Task.yield()
            state.withLock { $0.running -= 1 }
            return item * 2
        }
        #expect(results == (0..<20).map { $0 * 2 })
        #expect(state.withLock { $0.most } <= max(limit, 1))
    }

    @Test("after an error no further items start")
    func firstErrorStops() async {
        struct Failure: Error {}
        let started = Mutex(0)
        await #expect(throws: Failure.self) {
            try await forEachConcurrently(0..<100, limit: 1) { item in
                started.withLock { $0 += 1 }
                if item == 2 { throw Failure() }
            }
        }
        #expect(started.withLock { $0 } == 3)
    }

    @Test("a resource is closed once on every path, and an error of the work takes precedence over one of closing")
    func closing() async throws {
        enum Failure: Error { case work, close }
        let closed = Mutex(0)
        let value = try await withClosing(7, close: { _ in closed.withLock { $0 += 1 } }) { $0 + 1 }
        #expect(value == 8)
        await #expect(throws: Failure.work) {
            try await withClosing(7) { _ in
                closed.withLock { $0 += 1 }
                throw Failure.close
            } _: { _ in
                throw Failure.work
            }
        }
        await #expect(throws: Failure.close) {
            try await withClosing(7) { _ in
                throw Failure.close
            } _: { _ in
            }
        }
        #expect(closed.withLock { $0 } == 2)
    }

    @Test("the back-off doubles up to its limit and is scaled by jitter")
    func backoff() {
        let backoff = Backoff(first: .milliseconds(20), longest: .milliseconds(320))
        let pauses = [0, 1, 2, 3, 4, 5, 6, 1000].map { backoff.pause(after: $0) }
        #expect(pauses == [20, 20, 40, 80, 160, 320, 320, 320].map { .milliseconds($0) })
        #expect(backoff.pause(after: 3, jitter: 0.5) == .milliseconds(40))
        #expect(backoff.pause(after: 3, jitter: 0) == .zero)
    }

    @Test("a queue has one consumer at a time, which stops when the queue is empty")
    func drainQueue() {
        let queue = DrainQueue<Int>()
        #expect(queue.append(1), "nobody drains the queue")
        #expect(!queue.append(2))
        #expect(queue.next() == 1)
        #expect(!queue.append(3), "a consumer is at work")
        #expect(queue.count == 2)
        #expect(queue.nextBatch() == [2, 3])
        #expect(!queue.append(4), "the consumer will call next() again")
        #expect(queue.nextBatch() == [4])
        #expect(queue.nextBatch() == [])
        #expect(queue.append(5), "the consumer has ended")
        #expect(queue.next() == 5)
        #expect(queue.next() == nil)
        #expect(queue.append(6))
    }
}
