import PontoonCore
import Synchronization

/// A limit on the number of archives that are received or sent at once, and so on their memory: each takes up to 18 MiB.
final class ArchiveLimiter: Sendable {
    static let maximum = 16
    static let maximumPerUser = 4

    private let users = Mutex<[String: Int]>([:])
    /// What the server does with the archives, such as "receiving".
    private let activity: String

    init(_ activity: String) { self.activity = activity }

    /// Admits an archive until the returned place is released.
    ///
    /// - Throws: `.unavailable` if there are too many.
    func admit(_ userName: String) throws(PontoonError) -> Place {
        let isAdmitted = users.withLock { users in
            let ofUser = users[userName, default: 0]
            guard ofUser < Self.maximumPerUser, users.values.reduce(0, +) < Self.maximum else { return false }
            users[userName] = ofUser + 1
            return true
        }
        guard isAdmitted else {
            throw PontoonError(.unavailable, "The server is \(activity) too many archives; try again later.")
        }
        return Place(limiter: self, userName: userName)
    }

    private func release(_ userName: String) {
        users.withLock { users in
            let rest = users[userName, default: 0] - 1
            users[userName] = rest > 0 ? rest : nil
        }
    }

    /// The place of one archive, which is free again once nothing refers to it.
    final class Place: Sendable {
        private let limiter: ArchiveLimiter
        private let userName: String

        fileprivate init(limiter: ArchiveLimiter, userName: String) {
            self.limiter = limiter
            self.userName = userName
        }

        deinit { limiter.release(userName) }
    }
}
