/// What a pool of connections is doing, and has done since it was opened.
package struct SQLPoolStatistics: Hashable, Sendable {
    /// Connections that are open.
    package var connections = 0
    /// Most connections there may be.
    package var maximumConnections = 0
    /// Connections that run a transaction.
    package var busy = 0
    /// Transactions that wait for a connection.
    package var waiting = 0
    /// Transactions that ended, well or not.
    package var transactions = 0
    /// How often a transaction waited for an answer of the server.
    package var roundTrips = 0
    /// Transactions that were begun again, after a conflict with others or a lost connection.
    package var repetitions = 0
    /// Connections that were lost.
    package var lostConnections = 0
    /// Transactions that were refused because too many waited.
    package var refused = 0
}
