/// A store whose availability can be checked.
package protocol ReachableStore: Sendable {
    /// Performs an inexpensive operation that succeeds only if the whole store works.
    /// - Throws: An error if the store is unavailable.
    func ping() async throws
}
