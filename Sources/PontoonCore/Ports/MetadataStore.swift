package import PontoonFoundation

/// Storage of all records, such as users, projects, files, uploads, upload links, automations and signing keys.
///
/// A use case depends on the narrowest inherited protocol that is sufficient, or on this one if it needs several.
///
/// An implementation guarantees, for every method of every inherited protocol:
///
/// - **Atomicity.** A method that changes data is one transaction. If it throws, nothing has changed, unless the
///   response to the commit was lost: then the outcome is unknown until the data is read again.
/// - **Durability.** Once the method returns, the change survives a power cut, unless the operator chose
///   `--durability os`.
/// - **Isolation.** Several servers may share the data. A rule such as "exactly one caller wins" is a constraint, a
///   conditional statement or a row lock, never an unprotected read followed by a write.
/// - **Absence** is `nil`, `false` or an empty result, not an error, unless the method documents an error.
/// - **Errors.** A violated rule throws the ``PontoonError`` that the method documents. Every method may also throw
///   `.storageFull`, `.badRequest` for text that contains U+0000, and `.quotaExceeded` if a usage counter would exceed
///   4 EiB. Any other error means that the store failed. A retry may succeed after a ``TemporaryError`` whose
///   `isTemporary` is true.
///
/// The contracts in `PontoonTesting` test these guarantees; an implementation is complete when it passes them.
package protocol MetadataStore: IdentityStore, ProjectStore, FileStore, FilePutStore, DiscardedObjectStore,
    UploadStore, UploadProgressStore, PartStore, ObjectRecords, ScrubStore, AutomationStore, SigningKeyStore,
    UploadLinkStore, StoreTotalsSource, UsageStore, EventStore, FileJobStore, WebhookStore
{
    /// Acquires or renews the lease of a maintenance task. Succeeds if the task is not leased, if its lease expired by
    /// `now`, or if the task is already leased under the id of `lease`. The names of tasks must not change, because
    /// servers of different versions may share the store.
    ///
    /// - Returns: `false`, with nothing changed, if the task is leased under another id.
    func acquireLease(_ task: String, _ lease: Lease, now: Date) async throws -> Bool
    /// Releases the lease of a maintenance task; does nothing if the task is not leased under this id.
    func endLease(_ task: String, leaseID: String) async throws
}

/// The required freshness of a row.
package enum ReadConsistency: Sendable {
    /// The row as last committed by any process.
    case latest
    /// The row may be up to one second out of date if another process changed it; changes made through the same store
    /// are visible immediately. Usually needs no query if the row was read in this way within the last second.
    ///
    /// Use it for calls made once per part, file or range, provided that an outdated row does no harm: either the call
    /// only returns a URL, or a later statement checks the current row.
    case cached
}
