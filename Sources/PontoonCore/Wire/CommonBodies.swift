/// A page of a list.
///
/// Source: docs/api.md#lists.
package struct ListBody<Item: Codable & Sendable>: Codable, Sendable {
    /// A neighbouring page.
    package struct Link: Codable, Sendable {
        package var href: String
        /// `next` or `prev`.
        package var rel: String
        package var method: String

        /// Links to a page.
        package init(href: String, rel: String) {
            self.href = href
            self.rel = rel
            method = "GET"
        }
    }

    /// Absolute URL of this very query, with its page and filters.
    package var href: String
    package var items: [Item]
    package var links: [Link]

    /// Joins the fields.
    package init(href: String, items: [Item], links: [Link]) {
        self.href = href
        self.items = items
        self.links = links
    }
}

/// What every refusal says.
///
/// Source: docs/api.md#errors.
package struct ErrorBody: Codable, Sendable {
    /// The HTTP status.
    package var status: Int
    /// The platform's code.
    package var code: Int
    package var message: String
    /// URL of a page about the codes.
    package var moreInfo: String

    private enum CodingKeys: String, CodingKey {
        case status, code, message
        case moreInfo = "more_info"
    }

    /// Joins the fields.
    package init(status: Int, code: Int, message: String) {
        self.status = status
        self.code = code
        self.message = message
        moreInfo = "https://docs.sevenbridges.com/docs/api-status-codes"
    }
}

/// The caller.
///
/// `GET /v2/user`; source: docs/api.md#users.
package struct UserBody: Codable, Sendable {
    package var href: String
    package var username: String
    package var email = ""
    package var firstName = ""
    package var lastName = ""
    package var affiliation = ""
    package var phone = ""
    package var address = ""
    package var city = ""
    package var state = ""
    package var country = ""
    package var zipCode = ""
    package var role = "MEMBER"
    package var tags: [String] = []

    private enum CodingKeys: String, CodingKey {
        case href, username, email, affiliation, phone, address, city, state, country, role, tags
        case firstName = "first_name"
        case lastName = "last_name"
        case zipCode = "zip_code"
    }

    /// Shows a user; Pontoon keeps no more of a person than the name.
    package init(_ user: User, base: BaseURL) {
        href = "\(base.api)/users/\(user.name)"
        username = user.name
    }
}

/// `GET /v2/rate_limit`; source: docs/api.md#rate-limit.
package struct RateLimitBody: Codable, Sendable {
    /// The limit of API calls.
    package struct Rate: Codable, Sendable {
        package var limit: Int
        package var remaining: Int
        /// Unix seconds.
        package var reset: Int64
    }

    /// The limit of compute instances, of which Pontoon has none.
    package struct InstanceLimit: Codable, Sendable {
        package var limit = -1
        package var remaining = Int64.max
    }

    package var rate: Rate
    package var instanceLimit = InstanceLimit()

    private enum CodingKeys: String, CodingKey {
        case rate
        case instanceLimit = "instance_limit"
    }

    /// Shows where a token stands.
    package init(_ standing: RateLimitStatus) {
        rate = Rate(limit: standing.limit, remaining: standing.remaining, reset: standing.reset)
    }
}
