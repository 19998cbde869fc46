import PontoonCore
import Synchronization

/// A limit on the number of calls of one kind that run at once.
final class PlaceLimiter: Sendable {
    private let maximum: Int
    private let maximumPerUser: Int
    private let refusal: PontoonError
    private let users = Mutex<[String: Int]>([:])

    /// - Parameters:
    ///   - maximum: Maximum number of calls.
    ///   - maximumPerUser: Maximum number of calls of one user.
    ///   - refusal: The error for calls beyond either maximum.
    init(maximum: Int, maximumPerUser: Int, refusal: PontoonError) {
        self.maximum = maximum
        self.maximumPerUser = maximumPerUser
        self.refusal = refusal
    }

    /// Admits a call, which counts until nothing refers to the returned place.
    ///
    /// - Throws: The refusal if the maximum number of calls, in total or of this user, is running.
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

    /// The place of one call, which is free again once nothing refers to it.
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
    /// Creates a limit on the archives that are transferred at once, which bounds their memory: up to 18 MiB each.
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
