import Foundation
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonCore

struct ForecastTests {
    private static let now = Date(timeIntervalSince1970: 1_750_000_000)

    @Test(
        "rates are rounded down, and are unknown if they are less than one byte per second",
        arguments: [
            (6000, 600, 10), (6599, 600, 10), (599, 600, nil), (0, 600, nil), (-1, 600, nil), (50, 0, 50),
            (50, -10, 50), (50, .nan, 50), (.max, 0.1, .max), (.max, .infinity, .max), (.min, 600, nil),
        ] as [(Int64, TimeInterval, Int64?)]
    )
    func rates(bytes: Int64, seconds: TimeInterval, rate: Int64?) {
        #expect(ForecastRules.bytesPerSecond(bytes, in: seconds) == rate)
    }

    @Test(
        "the time to the end is the remaining bytes divided by the rate; an end after the year 9999 is unknown",
        arguments: [
            (1000, 10, 100), (0, nil, 0), (-5, nil, 0), (.min, 1, 0), (1, nil, nil), (1, 0, nil), (1, -1, nil),
            (.max, 1, nil), (.max, .max, 1), (251_652_300_800, 1, nil), (251_652_300_799, 1, 251_652_300_799),
        ] as [(Int64, Int64?, TimeInterval?)]
    )
    func ends(bytes: Int64, rate: Int64?, seconds: TimeInterval?) {
        let end = ForecastRules.end(of: bytes, at: rate, now: Self.now)
        #expect(end == seconds.map { Self.now.addingTimeInterval($0) })
        if let end { #expect(end.formatted(.iso8601).utf8.count == 20) }
    }

    private static func upload(size: Int64?, age: TimeInterval) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: "ada",
            destination: .folder(
                id: "f",
                project: ProjectID(owner: "ada", shortName: "reads"),
                wasGivenByFolder: false
            ),
            name: "a",
            size: size,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: now.addingTimeInterval(-age)
        )
    }

    private static func forecast(
        size: Int64?,
        age: TimeInterval,
        stored: Int64,
        recent: Int64,
        seesParts: Bool = true
    ) -> UploadForecast {
        let progress = UploadProgress(upload: upload(size: size, age: age), storedBytes: stored, recentBytes: recent)
        return UploadForecast(progress, seesParts: seesParts, now: now)
    }

    @Test("an upload ends when its remaining bytes have arrived at the rate of the last ten minutes")
    func uploads() {
        let old = Self.forecast(size: 100_000, age: 3600, stored: 40_000, recent: 6000)
        #expect(old.remainingBytes == 60_000 && old.bytesPerSecond == 10)
        #expect(old.doneOn == Self.now.addingTimeInterval(6000))
        let young = Self.forecast(size: 100_000, age: 60, stored: 6000, recent: 6000)
        #expect(young.bytesPerSecond == 100 && young.doneOn == Self.now.addingTimeInterval(940))
        // The clock was set back.
        #expect(Self.forecast(size: 100, age: -3600, stored: 40, recent: 40).bytesPerSecond == 40)
        let complete = Self.forecast(size: 10, age: 3600, stored: 10, recent: 0)
        #expect(complete.remainingBytes == 0 && complete.bytesPerSecond == nil && complete.doneOn == Self.now)
        #expect(Self.forecast(size: 10, age: 60, stored: .max, recent: .max).remainingBytes == 0)
        #expect(Self.forecast(size: .max, age: 60, stored: .min, recent: .min).remainingBytes == .max)
    }

    @Test("an upload's end is unknown without progress, a declared size, or knowledge of its parts")
    func unknown() {
        let idle = Self.forecast(size: 100, age: 3600, stored: 40, recent: 0)
        #expect(idle.remainingBytes == 60 && idle.bytesPerSecond == nil && idle.doneOn == nil)
        let endless = Self.forecast(size: nil, age: 60, stored: 600, recent: 600)
        #expect(endless.remainingBytes == nil && endless.bytesPerSecond == 10 && endless.doneOn == nil)
        let unseen = Self.forecast(size: 100, age: 60, stored: 0, recent: 0, seesParts: false)
        #expect(unseen.storedBytes == nil && unseen.remainingBytes == nil && unseen.doneOn == nil)
    }

    @Test("the disk is full when its free space is used up at the current rate")
    func disk() {
        let disk = DiskForecast(freeBytes: 5000, bytesPerSecond: 10, now: Self.now)
        #expect(disk.fullOn == Self.now.addingTimeInterval(500))
        #expect(DiskForecast(freeBytes: 0, bytesPerSecond: nil, now: Self.now).fullOn == Self.now)
        #expect(DiskForecast(freeBytes: nil, bytesPerSecond: 10, now: Self.now).fullOn == nil)
        #expect(DiskForecast(freeBytes: 5000, bytesPerSecond: nil, now: Self.now).fullOn == nil)
    }
}

struct ThroughputMeterTests {
    private final class Clock: Sendable {
        private let time = Mutex(Duration.seconds(1_000_000))

        var now: Duration { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 += duration } }
    }

    @Test("the rate covers the last ten minutes, or the time since the start if that is shorter")
    func rate() {
        let clock = Clock()
        let meter = ThroughputMeter { clock.now }
        #expect(meter.bytesPerSecond == nil)
        meter.add(1000)
        // The rate is calculated for at least ten seconds. Otherwise it would be too high at first.
        #expect(meter.bytesPerSecond == 100)
        clock.advance(by: .seconds(100))
        meter.add(1000)
        #expect(meter.bytesPerSecond == 20)
        clock.advance(by: .seconds(400))
        #expect(meter.bytesPerSecond == 4)
        // The first bytes are now older than ten minutes.
        clock.advance(by: .seconds(105))
        meter.add(4950)
        #expect(meter.bytesPerSecond == 10)
        clock.advance(by: .seconds(590))
        #expect(meter.bytesPerSecond == 8)
        clock.advance(by: .seconds(10))
        #expect(meter.bytesPerSecond == nil)
    }

    @Test("the rate of a steady stream is correct, however long the stream lasts")
    func steady() {
        let clock = Clock()
        let meter = ThroughputMeter { clock.now }
        for _ in 0..<500 {
            clock.advance(by: .seconds(5))
            meter.add(5000)
        }
        // The window begins with a complete interval of ten seconds, so it contains 119 additions in 590 seconds.
        #expect(meter.bytesPerSecond == 1008)
    }

    @Test("extreme numbers and times neither overflow nor trap")
    func absurd() {
        let clock = Clock()
        let meter = ThroughputMeter { clock.now }
        for bytes in [Int64.max, .max, -1, .min, .max] { meter.add(bytes) }
        #expect(meter.bytesPerSecond ?? 0 > 0)
        clock.advance(by: .seconds(-2_000_000))
        meter.add(10)
        #expect(meter.bytesPerSecond ?? 0 > 0)
        clock.advance(by: .seconds(Int64.max / 4))
        meter.add(6000)
        #expect(meter.bytesPerSecond == 10)
    }
}
