/// A store that can say whether it is there.
package protocol ReachableStore: Sendable {
    /// Asks the store something cheap that needs all of it.
    /// - Throws: When it cannot be reached or used.
    func ping() async throws
}
