/// A store whose availability can be checked.
package protocol ReachableStore: Sendable {
    /// Checks with an inexpensive operation, without retries, that the store responds.
    ///
    /// - Throws: An error if the store is unavailable.
    func ping() async throws
}
