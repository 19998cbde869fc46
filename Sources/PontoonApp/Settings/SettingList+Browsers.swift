package import PontoonServer

extension Setting where Value == Bool {
    package static var console: Setting<Bool> {
        Setting(
            "console",
            .bool,
            default: .text("true"),
            summary: "Whether to serve the console, a web page for uploads and administration, at /"
        )
    }
}

extension Setting where Value == AllowedOrigins {
    package static var allowOrigin: Setting<AllowedOrigins> {
        Setting(
            "allow-origin",
            SettingFormat(
                placeholder: "origin,origin,…",
                allowed: nil,
                expectation: "'*', or origins such as https://app.example.org, without paths, separated by commas"
            ) { AllowedOrigins($0) },
            default: .value(.none, described: "none"),
            summary: "Origins whose web pages may call the API and transfer bytes, for CORS; '*' means any origin"
        )
    }
}
