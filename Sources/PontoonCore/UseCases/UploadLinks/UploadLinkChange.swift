package import PontoonFoundation

/// A change to an upload link's properties.
package struct UploadLinkChange: Hashable, Sendable {
    /// New name; `nil` keeps the current one.
    package var name: String?
    /// New note; `nil` keeps the current one.
    package var note: String?
    /// New expiry time; `nil` keeps the current one.
    package var expiresOn: Date?
    package var password = FieldChange<Secret>.keep
    package var maximumFiles = FieldChange<Int64>.keep
    package var maximumBytes = FieldChange<Int64>.keep

    package init() {}

    /// Checks the new expiry time and the new password.
    ///
    /// Their validity does not depend on the link's current properties. ``apply(to:passwordHash:)`` checks the other
    /// properties.
    ///
    /// - Throws: `.badRequest` if one of them is invalid.
    func check(now: Date) throws(PontoonError) {
        if let expiresOn { try UploadLinkRules.check(expiresOn: expiresOn, now: now) }
        if case .set(let password) = password { try UploadLinkRules.check(password: password) }
    }

    /// Applies the change to the properties of a link.
    ///
    /// `passwordHash` is the hash of a new password. If it is `nil`, the old hash is kept, unless ``password`` is
    /// `.remove`.
    ///
    /// - Throws: `.badRequest` if the resulting properties are invalid.
    func apply(to details: inout UploadLinkDetails, passwordHash: Secret?) throws(PontoonError) {
        if let name { details.name = name }
        if let note { details.note = note }
        if let expiresOn { details.expiresOn = expiresOn }
        if let passwordHash { details.passwordHash = passwordHash }
        if password == .remove { details.passwordHash = nil }
        maximumFiles.apply(to: &details.limits.files)
        maximumBytes.apply(to: &details.limits.bytes)
        try UploadLinkRules.check(details)
    }
}

/// A change to a field that may be absent.
package enum FieldChange<Value: Hashable & Sendable>: Hashable, Sendable {
    case keep, remove
    case set(Value)

    package func apply(to value: inout Value?) {
        switch self {
        case .keep: break
        case .remove: value = nil
        case .set(let new): value = new
        }
    }
}
