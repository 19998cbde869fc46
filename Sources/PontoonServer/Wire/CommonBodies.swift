import PontoonCore

/// The JSON body that describes a user.
///
/// Pontoon stores only the name, the email address and the role.
///
/// `GET /v2/user`; source: docs/api.md#users.
struct UserBody: JSONWritable {
    /// The role of an administrator.
    static let administrator = "ADMIN"
    /// The role of a user who is not an administrator.
    static let member = "MEMBER"

    let user: User
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        json.object { json in
            for name in ["address", "affiliation", "city", "country"] { json.field(name) { "" } }
            json.field("email", user.email ?? "")
            json.field("first_name", "")
            json.field("href", "\(base.api)/users/\(user.name)")
            json.field("last_name", "")
            json.field("phone", "")
            json.field("role", user.isAdministrator ? Self.administrator : Self.member)
            json.field("state", "")
            json.field("tags", [String]())
            json.field("username", user.name)
            json.field("zip_code", "")
        }
    }
}

/// The JSON body with the rate limit of the caller's token.
///
/// `GET /v2/rate_limit`; source: docs/api.md#rate-limit.
struct RateLimitBody: JSONWritable {
    let status: RateLimitStatus

    func write(to json: inout JSONWriter) {
        json.object { json in
            // The limit on compute instances is never reached, because Pontoon has no compute instances.
            json.field("instance_limit", ["limit": -1, "remaining": Int64.max])
            json.field("rate", Rate(status: status))
        }
    }

    private struct Rate: JSONWritable {
        let status: RateLimitStatus

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("limit", status.limit)
                json.field("remaining", status.remaining)
                json.field("reset", status.reset)
            }
        }
    }
}
