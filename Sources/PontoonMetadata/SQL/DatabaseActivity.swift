/// The current load of a database, and totals since it was opened.
package struct DatabaseActivity: Sendable {
    /// Number of transactions that wait for a connection, or for a running commit.
    package var waiting = 0
    /// Number of open network connections; 0 for an embedded database.
    package var connections = 0
    /// Maximum number of network connections; 0 for an embedded database.
    package var maximumConnections = 0
    /// Number of network connections that broke.
    package var lostConnections = 0
    /// Numbers of commits that combine writes, by ``commitSizes``; empty if each write is a separate commit.
    package var commits: [UInt64] = []
    /// Number of writes in all ``commits``.
    package var writes = 0

    package init() {}

    /// Upper bounds of the numbers of writes in a commit, for ``commits``, which has one more element for larger
    /// commits.
    package static let commitSizes = [1, 2, 4, 8, 16, 32, 64, 128]
}
