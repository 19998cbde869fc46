/// A receiver of audit entries.
package protocol AuditSink: Sendable {
    /// Records an entry; neither blocks nor fails.
    func record(_ entry: AuditEntry)
}
