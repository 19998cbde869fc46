/// The current load of a database, and totals since it was opened.
package struct DatabaseActivity: Sendable {
    /// Number of transactions that are waiting for a connection or for a commit in progress.
    package var waiting = 0
    /// Number of open network connections; 0 for an embedded database.
    package var connections = 0
    /// Maximum number of network connections; 0 for an embedded database.
    package var maximumConnections = 0
    /// Number of network connections that were lost.
    package var lostConnections = 0
    /// Numbers of commits, by the number of writes that they combine; see ``commitSizes``.
    ///
    /// Empty if each write is a separate commit.
    package var commits: [UInt64] = []
    /// Total number of writes in all ``commits``.
    package var writes = 0

    package init() {}

    /// The maximum number of writes in a commit for each element of ``commits``, which has one more element for larger
    /// commits.
    package static let commitSizes = [1, 2, 4, 8, 16, 32, 64, 128]
}
