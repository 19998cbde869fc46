import PontoonCore
import Synchronization

/// A limit on the number of concurrent calls of one kind, in total and per user.
final class PlaceLimiter: Sendable {
    private let maximum: Int
    private let maximumPerUser: Int
    private let refusal: PontoonError
    private let users = Mutex<[String: Int]>([:])

    /// - Parameters:
    ///   - maximum: Maximum number of concurrent calls.
    ///   - maximumPerUser: Maximum number of concurrent calls of one user.
    ///   - refusal: The error for a call that would exceed either maximum.
    init(maximum: Int, maximumPerUser: Int, refusal: PontoonError) {
        self.maximum = maximum
        self.maximumPerUser = maximumPerUser
        self.refusal = refusal
    }

    /// Admits a call.
    ///
    /// The call counts towards the limit until the returned object is deallocated.
    ///
    /// - Throws: The refusal if the maximum number of calls is already running, in total or for this user.
    func admit(_ userName: String) throws(PontoonError) -> Place {
        let isAdmitted = users.withLock { users in
            let ofUser = users[userName, default: 0]
            guard ofUser < maximumPerUser, users.values.reduce(0, +) < maximum else { return false }
            users[userName] = ofUser + 1
            return true
        }
        guard isAdmitted else { throw refusal }
        return Place(limiter: self, userName: userName)
    }

    private func release(_ userName: String) {
        users.withLock { users in
            let rest = users[userName, default: 0] - 1
            users[userName] = rest > 0 ? rest : nil
        }
    }

    /// An admitted call, which counts towards the limit until this object is deallocated.
    final class Place: Sendable {
        private let limiter: PlaceLimiter
        private let userName: String

        fileprivate init(limiter: PlaceLimiter, userName: String) {
            self.limiter = limiter
            self.userName = userName
        }

        deinit { limiter.release(userName) }
    }
}

extension PlaceLimiter {
    /// Creates a limit on concurrent transfers of archives, each of which uses up to 18 MiB of memory.
    ///
    /// - Parameter activity: The verb in the refusal: "receiving" or "sending".
    /// - Returns: The limit.
    static func forArchives(_ activity: String) -> PlaceLimiter {
        PlaceLimiter(
            maximum: 16,
            maximumPerUser: 4,
            refusal: PontoonError(.unavailable, "The server is \(activity) too many archives; try again later.")
        )
    }
}
