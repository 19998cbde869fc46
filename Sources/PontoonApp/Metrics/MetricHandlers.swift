import CoreMetrics
import Synchronization

/// A metric with its current value.
protocol MetricHandler: AnyObject, Sendable {
    var value: MetricsRegistry.Value { get }
}

final class CountingHandler: MetricHandler, CounterHandler {
    private let count = Atomic<UInt64>(0)

    /// Adds to the counter; ignores negative numbers.
    func increment(by amount: Int64) {
        if amount > 0 { count.wrappingAdd(UInt64(amount), ordering: .relaxed) }
    }

    /// Does nothing, because Prometheus expects that counters never decrease.
    func reset() {}

    var value: MetricsRegistry.Value { .number(Double(count.load(ordering: .relaxed))) }
}

final class GaugeHandler: MetricHandler, MeterHandler {
    /// The bit pattern of the value, so that the value can be changed atomically.
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isExchanged, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if isExchanged { return }
            old = current
        }
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    var value: MetricsRegistry.Value { .number(Double(bitPattern: bits.load(ordering: .relaxed))) }
}

/// A histogram of numbers, or of durations in seconds.
final class HistogramHandler: MetricHandler, RecorderHandler, TimerHandler {
    private let bounds: [Double]
    private let counts: [Count]
    /// Sum of all values in billionths, as an integer that can be incremented atomically.
    private let sum = Atomic<UInt64>(0)

    /// A reference to an atomic number, because an array cannot contain the atomic number itself.
    private final class Count: Sendable {
        let number = Atomic<UInt64>(0)
    }

    /// - Parameter buckets: Upper bounds of the buckets, ascending, without infinity.
    init(buckets: [Double]) {
        bounds = buckets
        counts = (0...buckets.count).map { _ in Count() }
    }

    func recordNanoseconds(_ duration: Int64) {
        let duration = max(0, duration)
        count(Double(duration) / 1e9)
        sum.wrappingAdd(UInt64(duration), ordering: .relaxed)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite, value >= 0 else { return }
        count(value)
        // The value is limited, because larger values would soon overflow the sum.
        sum.wrappingAdd(UInt64(min(value, 1e9) * 1e9), ordering: .relaxed)
    }

    private func count(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.endIndex
        counts[index].number.wrappingAdd(1, ordering: .relaxed)
    }

    var value: MetricsRegistry.Value {
        .distribution(
            MetricsRegistry.Distribution(
                counts: counts.map { $0.number.load(ordering: .relaxed) },
                sum: Double(sum.load(ordering: .relaxed)) / 1e9
            )
        )
    }
}
