package import PontoonCore

extension Setting where Value == RateLimit? {
    package static var rateLimit: Setting<RateLimit?> {
        Setting(
            "rate-limit",
            .rateLimit,
            default: .text("off"),
            summary: "API calls that each token may make per window, such as 1000/5m; each server counts separately"
        )
    }

    package static var failedAuthenticationLimit: Setting<RateLimit?> {
        Setting(
            "failed-authentication-limit",
            .rateLimit,
            default: .text("100/5m"),
            summary: """
                Requests with invalid credentials from one IPv4 address or IPv6 network of 64 bits per window, such as \
                100/5m; further ones are refused with 429. Valid tokens are not affected; each server counts separately
                """
        )
    }
}

extension Setting where Value == Secret? {
    package static var bootstrapToken: Setting<Secret?> {
        Setting(
            "bootstrap-token",
            SettingFormat(
                placeholder: "token",
                allowed: nil,
                expectation: "a random token of 32 to 256 printable ASCII characters without spaces"
            ) { text in
                // Whether a tolerated weakness is accepted depends on other settings, which are not available here.
                if let weakness = BootstrapTokenRule.weakness(of: text), !weakness.isToleratedLocally { throw weakness }
                return .some(Secret(text))
            },
            default: .value(nil, described: "a random token; with both PostgreSQL and S3, no user is created"),
            sources: .environment,
            isSecret: true,
            summary: """
                Token of the first user, who is created at the first start: at least 32 random characters, for example \
                from openssl rand -hex 16
                """
        )
    }
}
