/// A store that can be checked.
package protocol ReachableStore: Sendable {
    /// Performs a cheap operation that needs the whole store to work.
    /// - Throws: When the store is unavailable.
    func ping() async throws
}
