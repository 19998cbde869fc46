package import PontoonFoundation

/// An exclusive, time-limited permission to work on something.
///
/// A lease expires on its own, so that another server can take over after a crash.
package struct Lease: Hashable, Sendable {
    /// Random id, which the store compares when work under the lease is committed.
    ///
    /// A renewed lease keeps its id. After another server has taken over, work under the old id is refused.
    package let id: String
    /// Time from which another server may take over.
    package let expiresOn: Date

    package init(id: String, expiresOn: Date) {
        self.id = id
        self.expiresOn = expiresOn
    }
}
