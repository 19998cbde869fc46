/// The billing group of a user, which exists only because clients expect one.
package enum BillingGroup {
    /// Returns the id of a user's billing group: a UUID (version 8) that is derived from the name, so that it need not
    /// be stored.
    package static func id(of userName: String) -> String {
        var digits = Array(ContentHash.hex("billing group of \(userName)").prefix(32))
        (digits[12], digits[16]) = ("8", "8")
        var text = String(digits)
        for position in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: position)) }
        return text
    }
}
