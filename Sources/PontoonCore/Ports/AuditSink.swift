/// A receiver of audit entries.
package protocol AuditSink: Sendable {
    /// Records an entry without waiting until it is written. Never fails: an entry that cannot be written is dropped.
    func record(_ entry: AuditEntry)
}
