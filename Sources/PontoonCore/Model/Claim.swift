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
