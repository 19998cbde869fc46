/// The user who makes a call, and the token with which the call is authenticated.
///
/// A class, because it is copied several times per call, and copying a struct would retain each of its strings.
package final class Caller: Equatable, Sendable {
    package let user: User
    /// `nil` for a sender, who acts on behalf of the user and is limited by the session instead, and for a job that was
    /// submitted without a token.
    package let token: TokenRecord?
    /// Whether the token is limited to some projects; `false` without a token.
    package let isLimited: Bool

    package init(_ user: User, token: TokenRecord? = nil) {
        self.user = user
        self.token = token
        isLimited = token?.details.rights.projects != nil
    }

    package var name: String { user.name }
    package var rights: TokenRights { token?.details.rights ?? .all }

    package static func == (one: Caller, other: Caller) -> Bool { one.user == other.user && one.token == other.token }
}
