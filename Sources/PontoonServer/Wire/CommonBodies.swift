import PontoonCore

/// A page of a list.
///
/// Source: docs/api.md#lists.
struct ListBody<Item: Codable & Sendable>: Codable, Sendable {
    /// A neighbouring page.
    struct Link: Codable, Sendable {
        var href: String
        /// `next` or `prev`.
        var rel: String
        var method: String

        /// Links to a page.
        init(href: String, rel: String) {
            self.href = href
            self.rel = rel
            method = "GET"
        }
    }

    /// Absolute URL of this very query, with its page and filters.
    var href: String
    var items: [Item]
    var links: [Link]

    /// Joins the fields.
    init(href: String, items: [Item], links: [Link]) {
        self.href = href
        self.items = items
        self.links = links
    }
}

/// What every refusal says.
///
/// Source: docs/api.md#errors.
struct ErrorBody: Codable, Sendable {
    /// The HTTP status.
    var status: Int
    /// The platform's code.
    var code: Int
    var message: String
    /// URL of a page about the codes.
    var moreInfo: String

    private enum CodingKeys: String, CodingKey {
        case status, code, message
        case moreInfo = "more_info"
    }

    /// Joins the fields.
    init(status: Int, code: Int, message: String) {
        self.status = status
        self.code = code
        self.message = message
        moreInfo = "https://docs.sevenbridges.com/docs/api-status-codes"
    }
}

/// The caller.
///
/// `GET /v2/user`; source: docs/api.md#users.
struct UserBody: Codable, Sendable {
    var href: String
    var username: String
    var email = ""
    var firstName = ""
    var lastName = ""
    var affiliation = ""
    var phone = ""
    var address = ""
    var city = ""
    var state = ""
    var country = ""
    var zipCode = ""
    var role = "MEMBER"
    var tags: [String] = []

    private enum CodingKeys: String, CodingKey {
        case href, username, email, affiliation, phone, address, city, state, country, role, tags
        case firstName = "first_name"
        case lastName = "last_name"
        case zipCode = "zip_code"
    }

    /// Shows a user; Pontoon keeps no more of a person than the name.
    init(_ user: User, base: BaseURL) {
        href = "\(base.api)/users/\(user.name)"
        username = user.name
    }
}

/// `GET /v2/rate_limit`; source: docs/api.md#rate-limit.
struct RateLimitBody: Codable, Sendable {
    /// The limit of API calls.
    struct Rate: Codable, Sendable {
        var limit: Int
        var remaining: Int
        /// Unix seconds.
        var reset: Int64
    }

    /// The limit of compute instances, of which Pontoon has none.
    struct InstanceLimit: Codable, Sendable {
        var limit = -1
        var remaining = Int64.max
    }

    var rate: Rate
    var instanceLimit = InstanceLimit()

    private enum CodingKeys: String, CodingKey {
        case rate
        case instanceLimit = "instance_limit"
    }

    /// Shows where a token stands.
    init(_ standing: RateLimitStatus) {
        rate = Rate(limit: standing.limit, remaining: standing.remaining, reset: standing.reset)
    }
}
