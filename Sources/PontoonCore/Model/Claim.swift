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

/// What a completion that was claimed is made from.
package struct ClaimedParts: Hashable, Sendable {
    /// All stored parts, by number; nobody adds to them or changes them while the claim holds.
    package let parts: [StoredPart]
    /// What has the upload's name in its folder already.
    package let namesake: File.Kind?

    /// Joins the fields.
    package init(parts: [StoredPart], namesake: File.Kind?) {
        self.parts = parts
        self.namesake = namesake
    }
}
