package import Foundation

/// The right of one worker to do something alone.
///
/// It ends by itself, so that the work of a server that died goes on.
package struct Claim: Hashable, Sendable {
    /// Who has it: a new random name for each claim, so that whoever lost one cannot act under the next.
    package let holder: String
    /// From when on somebody else may claim the same.
    package let expiresOn: Date

    /// Joins the fields.
    package init(holder: String, expiresOn: Date) {
        self.holder = holder
        self.expiresOn = expiresOn
    }
}

/// An upload whose completion was claimed, as it is from then on: nobody else changes it while the claim holds.
package struct ClaimedUpload: Hashable, Sendable {
    /// The upload, `.completing`.
    package let upload: Upload
    /// Whether its initiator may write into its project; the owner of an automation always may.
    package let initiatorMayWrite: Bool
    /// All stored parts, by number.
    package let parts: [StoredPart]
    /// What has the upload's name in its folder already.
    package let namesake: File.Kind?

    /// Joins the fields.
    package init(upload: Upload, initiatorMayWrite: Bool, parts: [StoredPart], namesake: File.Kind?) {
        self.upload = upload
        self.initiatorMayWrite = initiatorMayWrite
        self.parts = parts
        self.namesake = namesake
    }
}
