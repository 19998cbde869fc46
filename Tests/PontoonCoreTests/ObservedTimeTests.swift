import Foundation
import PontoonCore
import Testing

struct ObservedTimeTests {
    private static let day = Duration.seconds(86400)
    private static let week = day * 7
    private static let start = Date(timeIntervalSince1970: 1_700_000_000)

    /// Advances the observed time by that many days, in steps of an hour, with a correct clock and a restart after
    /// each step.
    private func observe(_ days: Int, _ time: inout ObservedTime, _ now: inout Date) {
        for _ in 0..<(days * 24) {
            now += 3600
            time.advance(by: .seconds(3600), wall: now, lifetime: Self.week)
            // Reads the stored text, as after a restart.
            time = ObservedTime(time.text) ?? ObservedTime()
        }
    }

    @Test("uploads expire about a lifetime after they became idle, if the service runs all the time")
    func running() throws {
        var (time, now) = (ObservedTime(), Self.start)
        time.advance(by: .zero, wall: now, lifetime: Self.week)
        observe(6, &time, &now)
        #expect(time.deadline(lifetime: Self.week) == nil)
        observe(24, &time, &now)
        let idle = now.timeIntervalSince(try #require(time.deadline(lifetime: Self.week)))
        #expect((7 * 86400...7.2 * 86400).contains(idle))
        #expect(time.text.utf8.count < 4096)
    }

    @Test("starting with a clock that is ahead expires no upload, then or later")
    func clockAhead() throws {
        var (time, now) = (ObservedTime(), Self.start)
        time.advance(by: .zero, wall: now, lifetime: Self.week)
        observe(10, &time, &now)
        let before = try #require(time.deadline(lifetime: Self.week))
        for second in 0...2 {
            time.advance(by: .seconds(second), wall: now + 8 * 86400, lifetime: Self.week)
            let deadline = try #require(time.deadline(lifetime: Self.week))
            #expect(deadline.timeIntervalSince(before) < 7300)
        }
        for days in 1...10 {
            observe(1, &time, &now)
            let deadline = try #require(time.deadline(lifetime: Self.week))
            #expect(deadline <= now - 7 * 86400, "\(days)")
        }
    }

    @Test("a clock that starts in 1970 and is corrected later expires no upload")
    func correctedClock() {
        var (time, now) = (ObservedTime(), Date(timeIntervalSince1970: 0))
        time.advance(by: .zero, wall: now, lifetime: Self.week)
        observe(1, &time, &now)
        now = Self.start
        time.advance(by: .seconds(60), wall: now, lifetime: Self.week)
        #expect(time.deadline(lifetime: Self.week) == nil)
        observe(5, &time, &now)
        #expect(time.deadline(lifetime: Self.week) == nil)
        observe(2, &time, &now)
        // Uploads that have been idle since 1970 expire now.
        #expect(time.deadline(lifetime: Self.week).map { $0 >= Date(timeIntervalSince1970: 0) } == true)
    }

    @Test("time in which no server runs does not count")
    func stopped() throws {
        var (time, now) = (ObservedTime(), Self.start)
        time.advance(by: .zero, wall: now, lifetime: Self.week)
        observe(3, &time, &now)
        now += 30 * 86400
        time.advance(by: .seconds(5), wall: now, lifetime: Self.week)
        observe(3, &time, &now)
        #expect(time.deadline(lifetime: Self.week) == nil)
        observe(2, &time, &now)
        #expect(time.deadline(lifetime: Self.week) != nil)
    }

    @Test("two servers that take turns do not count time twice")
    func twoServers() {
        var (time, now) = (ObservedTime(), Self.start)
        time.advance(by: .zero, wall: now, lifetime: Self.week)
        // The servers take turns every hour, so the previous call of each was two hours ago.
        for _ in 0..<(6 * 24) {
            now += 3600
            time.advance(by: .seconds(7200), wall: now, lifetime: Self.week)
        }
        #expect(time.deadline(lifetime: Self.week) == nil)
    }

    @Test("text that is not a stored time is rejected", arguments: ["", "1", "1 x", "1 2 3", "a b", "1  2"])
    func malformed(text: String) { #expect(ObservedTime(text) == nil) }

    @Test("extreme numbers cause no overflow")
    func extremes() {
        var time = ObservedTime("\(Int64.max) \(Int64.min) \(Int64.min) \(Int64.max)")
        time?.advance(by: .seconds(Int64.max / 2000), wall: .distantFuture, lifetime: Self.week)
        time?.advance(by: .zero, wall: .distantPast, lifetime: .zero)
        _ = time?.deadline(lifetime: .seconds(Int64.max / 2000))
        #expect(time != nil)
    }
}
