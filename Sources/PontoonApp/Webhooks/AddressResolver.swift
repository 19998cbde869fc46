import Glibc
import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// A resolver of host names, which runs `getaddrinfo` on separate threads because it blocks.
struct AddressResolver: Sendable {
    struct Failure: Error {}

    /// The threads for lookups.
    ///
    /// A thread is blocked until `getaddrinfo` returns, which can be later than ``timeout``.
    ///
    /// The server sends events for at most eight webhooks of one user at the same time. Even if the name servers of all
    /// eight receivers fail to respond, three quarters of the threads remain available for other users.
    private static let threads = NIOThreadPool(numberOfThreads: 32)
    private static let timeout = TimeAmount.seconds(5)
    private static let maximumAddresses = 8

    private let lookUp: @Sendable (String) -> [NetworkAddress]

    /// - Parameter lookUp: Looks up the addresses of a host. Returns at most ``maximumAddresses``, the preferred one
    ///   first, or an empty array if the lookup fails. May block. Tests replace it.
    init(lookUp: @escaping @Sendable (String) -> [NetworkAddress] = AddressResolver.query) { self.lookUp = lookUp }

    /// Returns up to ``maximumAddresses`` addresses of a host, the preferred one first.
    ///
    /// - Throws: ``Failure`` if there are none, or the lookup takes longer than ``timeout``.
    func addresses(of host: String) async throws -> [NetworkAddress] {
        Self.threads.start()
        let found = await withCheckedContinuation { continuation in
            let answer = FirstAnswer(continuation)
            Self.threads.submit { state in
                // The lookup has already timed out.
                guard !answer.isGiven else { return }
                answer.give(state == .active ? lookUp(host) : [])
            }
            MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: Self.timeout) { answer.give([]) }
        }
        guard !found.isEmpty else { throw Failure() }
        return found
    }

    private static func query(_ host: String) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var (found, next) = ([NetworkAddress](), list)
        while let entry = next, found.count < maximumAddresses {
            if let pointer = entry.pointee.ai_addr, let address = NetworkAddress(pointer), !found.contains(address) {
                found.append(address)
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}

/// A continuation that is resumed with the first of two answers; the later answer is ignored.
private final class FirstAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<[NetworkAddress], Never>?>

    init(_ continuation: CheckedContinuation<[NetworkAddress], Never>) { self.continuation = Mutex(continuation) }

    var isGiven: Bool { continuation.withLock { $0 == nil } }

    func give(_ addresses: [NetworkAddress]) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(returning: addresses)
    }
}
