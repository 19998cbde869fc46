package import PontoonFoundation

/// Limits on tokens.
///
/// Source: docs/api.md#tokens.
package enum TokenRules {
    /// Maximum length of a token's name in Unicode scalars.
    package static let maximumNameScalars = 100
    /// Maximum number of projects to which a token can be limited.
    package static let maximumProjects = 100
    package static let maximumLifetime: TimeInterval = 10_000 * 86_400
    /// Time in seconds from a token's expiry until maintenance deletes the token, which is listed until then.
    package static let keptAfterExpiry: TimeInterval = 30 * 86_400

    /// Checks the properties of a new token.
    ///
    /// - Throws: `.badRequest` if the name is longer than ``maximumNameScalars`` or contains a control character, if
    ///   the token is limited to no project or to more than ``maximumProjects``, or if it expires in the past or later
    ///   than ``maximumLifetime`` from now.
    package static func check(_ details: TokenDetails, now: Date) throws(PontoonError) {
        guard details.name.unicodeScalars.count <= maximumNameScalars,
            !details.name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw PontoonError(
                .badRequest,
                "The name of a token must have at most \(maximumNameScalars) characters and no control characters."
            )
        }
        if let projects = details.rights.projects {
            guard (1...maximumProjects).contains(projects.count) else {
                throw PontoonError(.badRequest, "A token can be limited to 1 to \(maximumProjects) projects.")
            }
        }
        if let expiresOn = details.expiresOn {
            guard expiresOn > now, expiresOn <= now.addingTimeInterval(maximumLifetime) else {
                throw PontoonError(.badRequest, "A token must expire in the future, at most 10000 days from now.")
            }
        }
    }
}
