package import Foundation

/// Everything Pontoon stores except the bytes: users, projects, files, uploads and parts.
///
/// A use case takes the narrowest role that serves it, and this protocol when it needs many of them.
///
/// An implementation guarantees, for every method of every role:
///
/// - **Atomicity.** A method that changes something is one transaction. If it throws, nothing has changed, except when the
///   answer to a commit was lost: then the outcome is unknown until the store is read again.
/// - **Durability.** When the method returns, the change survives a power cut, unless the operator chose a weaker setting.
/// - **Isolation.** Several servers may share the data. A rule such as "exactly one caller wins" is a constraint or a
///   conditional statement, never a read followed by a write.
/// - **Absence** is `nil`, `false` or an empty result, not an error.
/// - **Errors.** A violated rule throws the ``PontoonError`` that the method documents. Any other error means that the store
///   failed; one that conforms to ``TemporaryFault`` may succeed on retry.
///
/// The contracts in `PontoonTesting` test these guarantees; an implementation is complete when it passes them.
package protocol MetadataStore: IdentityStore, ProjectStore, FileStore, DiscardedObjectStore, UploadStore, PartStore,
    AutomationStore, SigningKeyStore
{
    /// Acquires or renews the lease of a maintenance task. It succeeds if the task is free, if its lease has expired by
    /// `now`, or if the lease with this id holds the task already.
    /// - Returns: `false` if another lease holds the task.
    func acquireLease(_ task: String, _ lease: Lease, now: Date) async throws -> Bool
    /// Ends the lease of a maintenance task; does nothing if another lease holds the task.
    func endLease(_ task: String, leaseID: String) async throws
}

/// How fresh a row must be.
package enum ReadConsistency: Sendable {
    /// The row as last committed by any process.
    case latest
    /// The row may be up to one second old if another process changed it; changes made through the same store are visible at
    /// once. Costs no query when the row was read or written recently.
    ///
    /// For calls that are made once per part, file or range and do no harm with an old row: they hand out a URL, or the
    /// statement that follows checks again.
    case cached
}
