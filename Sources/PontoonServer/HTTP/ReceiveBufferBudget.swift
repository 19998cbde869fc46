import NIOCore
import Synchronization

/// How much a socket may be read at once, shared between the parts that are on their way.
///
/// Large reads make few parts fast; many parts together must not take more memory for it.
final class ReceiveBufferBudget: Sendable {
    /// Most bytes taken from a socket at once: with 64 KiB instead the server is a third slower.
    static let largest = 1 << 20
    /// Fewest, however many parts there are.
    static let smallest = 64 << 10
    /// Bytes that all parts together read at once.
    ///
    /// Of each part up to three reads exist at a time: one is written, one waits, one comes in.
    static let total = 16 << 20

    private let parts = Atomic(0)

    /// Bytes to read at once now, a power of two.
    var share: Int { Self.share(of: parts.load(ordering: .relaxed)) }

    static func share(of parts: Int) -> Int {
        var share = largest
        while share > smallest, share * parts > total { share /= 2 }
        return share
    }

    /// Counts a part while its bytes come in.
    func receiving<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        parts.add(1, ordering: .relaxed)
        defer { parts.subtract(1, ordering: .relaxed) }
        return try await body()
    }
}

/// Sizes the buffers that a socket is read into: as large as what usually comes, within the connection's share.
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
