import NIOCore
import Synchronization

/// A limit on the total memory for socket reads of the parts, files and archives being received, all of which count as
/// parts.
///
/// The fewer parts are being received, the larger each read may be, because larger reads need fewer system calls.
final class ReceiveBufferBudget: Sendable {
    /// Largest socket read in bytes.
    static let largest = 1 << 20
    /// Smallest socket read in bytes.
    ///
    /// With more than 128 parts, their reads together exceed ``total``.
    static let smallest = 64 << 10
    /// Maximum total size in bytes of the socket reads, counting one for each part being received; see ``smallest``.
    ///
    /// Each part has up to three reads in memory: one being written, one queued and one arriving.
    static let total = 8 << 20

    private let parts = Atomic(0)

    /// Current maximum size of a socket read in bytes: a power of two, which decreases with the number of parts being
    /// received.
    var share: Int { Self.share(of: parts.load(ordering: .relaxed)) }

    static func share(of parts: Int) -> Int {
        var share = largest
        while share > smallest, share * parts > total { share /= 2 }
        return share
    }

    /// Runs `body`, which receives a part, a file or an archive.
    ///
    /// Counts one more part as being received until `body` returns or throws.
    func receiving<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        parts.add(1, ordering: .relaxed)
        defer { parts.subtract(1, ordering: .relaxed) }
        return try await body()
    }
}

/// The allocator of a connection's receive buffers, whose size adapts to recent reads, up to the budget's share.
struct ReceiveAllocator: RecvByteBufferAllocator {
    private let budget: ReceiveBufferBudget
    private var adaptive = AdaptiveRecvByteBufferAllocator(
        minimum: 4 << 10,
        initial: 64 << 10,
        maximum: ReceiveBufferBudget.largest
    )

    init(budget: ReceiveBufferBudget) { self.budget = budget }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

    func nextBufferSize() -> Int? { size }

    mutating func record(actualReadBytes: Int) -> Bool { adaptive.record(actualReadBytes: actualReadBytes) }

    private var size: Int { min(adaptive.nextBufferSize() ?? budget.share, budget.share) }
}
