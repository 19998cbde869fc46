package import Foundation

/// The right of one worker to do something alone.
///
/// It ends by itself, so that the work of a server that died goes on.
package struct Lease: Hashable, Sendable {
    /// Who has it: a new random name for each lease, so that whoever lost one cannot act under the next.
    package let id: String
    /// From when on somebody else may lease the same.
    package let expiresOn: Date

    /// Joins the fields.
    package init(id: String, expiresOn: Date) {
        self.id = id
        self.expiresOn = expiresOn
    }
}

/// An upload whose completion was claimed, as it is from then on: nobody else changes it while the lease holds.
package struct CompletionSnapshot: Hashable, Sendable {
    /// The upload, `.completing`.
    package let upload: Upload
    /// Whether its initiator may write into its project; the owner of an automation always may.
    package let initiatorMayWrite: Bool
    /// All stored parts, by number.
    package let parts: [PartRecord]
    /// What has the upload's name in its folder already.
    package let existingEntry: File.Kind?

    /// Joins the fields.
    package init(upload: Upload, initiatorMayWrite: Bool, parts: [PartRecord], existingEntry: File.Kind?) {
        self.upload = upload
        self.initiatorMayWrite = initiatorMayWrite
        self.parts = parts
        self.existingEntry = existingEntry
    }
}
