import PontoonCore
import Synchronization

/// Observations of the storage during one run: the throughput of stored parts, and whether responses contain checksums.
final class StorageObservations: Sendable {
    private struct State {
        var rates: [Double] = []
        var returnsCRC64 = false
    }

    private let state = Mutex(State())

    private static let minimumCount = 3
    private static let maximumCount = 32
    /// Minimum length, in bytes, of a part whose throughput is observed.
    ///
    /// The time to send a smaller part is mostly latency.
    private static let minimumSize: Int64 = 1 << 20

    /// Adds the throughput of a stored part; ignores parts of less than 1 MiB.
    func add(size: Int64, time: Duration) {
        guard size >= Self.minimumSize, time > .zero else { return }
        state.withLock { state in
            if state.rates.count == Self.maximumCount { state.rates.removeFirst() }
            state.rates.append(Double(size) / time.inSeconds)
        }
    }

    /// Median throughput of up to 32 recently stored parts, in bytes per second; `nil` until three have been observed.
    var typicalRate: Double? {
        state.withLock { state in
            state.rates.count < Self.minimumCount ? nil : state.rates.sorted()[state.rates.count / 2]
        }
    }

    /// Whether a response has contained the part's CRC-64/NVME; if so, the much more expensive MD5 is unnecessary.
    var returnsCRC64: Bool { state.withLock { $0.returnsCRC64 } }
    func noteCRC64() { state.withLock { $0.returnsCRC64 = true } }
}
