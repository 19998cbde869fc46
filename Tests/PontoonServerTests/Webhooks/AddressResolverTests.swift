import PontoonCore
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonApp

/// The lookup of host names, which can take arbitrarily long.
@Suite("Lookup of host names", .serialized, .timeLimit(.minutes(10)))
struct AddressResolverTests {
    private static let answer = [NetworkAddress("192.0.2.1")].compactMap(\.self)

    /// A lookup that blocks its thread until a test releases it.
    private final class SlowLookup: Sendable {
        private let gate = BlockingGate()
        private let counts = Mutex((running: 0, highest: 0, ended: 0))

        var running: Int { counts.withLock { $0.running } }
        var highest: Int { counts.withLock { $0.highest } }
        var ended: Int { counts.withLock { $0.ended } }

        var resolver: AddressResolver {
            AddressResolver { [self] _ in
                counts.withLock { counts in
                    counts.running += 1
                    counts.highest = max(counts.highest, counts.running)
                }
                gate.pass()
                counts.withLock { counts in
                    counts.running -= 1
                    counts.ended += 1
                }
                return AddressResolverTests.answer
            }
        }

        /// Releases all blocked threads, and later lookups, up to 100 in all.
        func release() { for _ in 0..<100 { gate.open() } }
    }

    @Test("the system's resolver is queried, and a host without addresses is not found")
    func answers() async throws {
        let loopback = try ["127.0.0.1", "::1"].map { try #require(NetworkAddress($0)) }
        let found = try await AddressResolver().addresses(of: "localhost")
        #expect(!found.isEmpty && found.allSatisfy { loopback.contains($0) }, "\(found)")
        #expect(try await AddressResolver { _ in Self.answer }.addresses(of: "a.example") == Self.answer)
        await #expect(throws: AddressResolver.Failure.self) {
            try await AddressResolver { _ in [] }.addresses(of: "a.example")
        }
    }

    @Test("a lookup that does not end times out, and its late answer has no effect")
    func timeout() async throws {
        let slow = SlowLookup()
        defer { slow.release() }
        await #expect(throws: AddressResolver.Failure.self) {
            try await slow.resolver.addresses(of: "slow.example")
        }
        #expect(slow.running == 1 && slow.ended == 0, "the system's call has not returned")
        slow.release()
        try await eventually("the late answer is ignored") { slow.ended == 1 }
        #expect(try await AddressResolver { _ in Self.answer }.addresses(of: "a.example") == Self.answer)
    }

    @Test("the slow lookups of three users do not delay the lookup of another user")
    func others() async throws {
        let slow = SlowLookup()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { slow.release() }
            // A server serves at most eight webhooks of one user at a time.
            let count = 3 * 8
            for _ in 0..<count { group.addTask { _ = try? await slow.resolver.addresses(of: "slow.example") } }
            try await eventually("all slow lookups have begun") { slow.running == count }
            #expect(try await AddressResolver { _ in Self.answer }.addresses(of: "a.example") == Self.answer)
            #expect(slow.running == count, "the slow lookups have not ended")
        }
    }

    @Test("no more than 32 threads look up names, and further lookups wait")
    func threads() async throws {
        let slow = SlowLookup()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { slow.release() }
            for _ in 0..<64 { group.addTask { _ = try? await slow.resolver.addresses(of: "slow.example") } }
            // The threads are then released immediately, because other tests use them.
            try await eventually("all threads are occupied") { slow.running == 32 }
        }
        #expect(slow.highest == 32)
    }
}
