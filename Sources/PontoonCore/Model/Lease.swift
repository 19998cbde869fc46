package import PontoonFoundation

/// An exclusive, time-limited permission to work on something.
///
/// A lease expires on its own, so that another server can take over after a crash.
package struct Lease: Hashable, Sendable {
    /// Random id, unique to this lease, so that a caller whose lease was taken over cannot act under the new lease.
    package let id: String
    /// Time from which another server may take over.
    package let expiresOn: Date

    package init(id: String, expiresOn: Date) {
        self.id = id
        self.expiresOn = expiresOn
    }
}
