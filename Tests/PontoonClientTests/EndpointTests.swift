import PontoonClient
import Testing

struct EndpointTests {
    @Test(
        "URLs and short names are parsed",
        arguments: [
            ("cgc", "https://cgc-api.sbgenomics.com/v2", 443), ("US", "https://api.sbgenomics.com/v2", 443),
            ("http://127.0.0.1:8080/v2/", "http://127.0.0.1:8080/v2", 8080), ("http://[::1]/v2", "http://[::1]/v2", 80),
        ]
    )
    func addresses(text: String, url: String, port: Int) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.url == url)
        #expect(endpoint.port == port)
    }

    @Test(
        "invalid URLs are refused",
        arguments: ["", "nowhere", "ftp://host/v2", "https://", "https://host/v2?x=1", "https://u:p@host/"]
    )
    func bad(text: String) { #expect(throws: ClientError.self) { try Endpoint(text) } }

    private static let file = """
        # comment
        [default]
        api_endpoint = https://one/v2
        auth_token=AAAA
        [other]
        API_ENDPOINT: https://two/v2
        auth_token =  BBBB
        [empty]
        """

    @Test(
        "a named profile takes precedence over the environment, which takes precedence over the default",
        arguments: [
            (nil, nil, [:], "https://one/v2", "AAAA"),
            ("other", nil, ["SB_AUTH_TOKEN": "E", "SB_API_ENDPOINT": "https://env/v2"], "https://two/v2", "BBBB"),
            (nil, nil, ["SB_AUTH_TOKEN": "E", "SB_API_ENDPOINT": "https://env/v2"], "https://env/v2", "E"),
            (nil, "eu", ["SB_AUTH_TOKEN": "E"], "https://eu-api.sbgenomics.com/v2", "E"),
            ("other", "https://three/v2", [:], "https://three/v2", "BBBB"),
        ] as [(String?, String?, [String: String], String, String)]
    )
    func order(profile: String?, endpoint: String?, environment: [String: String], url: String, token: String) throws {
        let found = try Credentials.find(
            profile: profile,
            endpoint: endpoint,
            environment: environment,
            file: Self.file
        )
        #expect(found.endpoint.url == url)
        #expect(found.token == AuthToken(token))
    }

    @Test(
        "errors name the missing setting",
        arguments: [
            ("nobody", [:]), ("empty", [:]), (nil, ["SB_AUTH_TOKEN": "E"]),
        ] as [(String?, [String: String])]
    )
    func missing(profile: String?, environment: [String: String]) {
        #expect(throws: ClientError.self) {
            try Credentials.find(profile: profile, endpoint: nil, environment: environment, file: Self.file)
        }
    }

    @Test("a token never appears in its description")
    func secret() {
        let token = AuthToken("0123456789abcdef")
        #expect(!"\(token)".contains("0123"))
        #expect(!String(reflecting: token).contains("0123"))
    }

    @Test(
        "proxies and exceptions are selected by the environment",
        arguments: [
            (true, "api.sbgenomics.com", 443, "secure"), (false, "host", 80, "plain"), (true, "x.internal", 443, nil),
            (true, "internal", 443, nil), (false, "127.0.0.1", 8080, nil), (true, "notinternal", 443, "secure"),
            (true, "other", 8443, nil), (true, "other", 443, "secure"),
        ] as [(Bool, String, Int, String?)]
    )
    func proxies(isSecure: Bool, host: String, port: Int, expected: String?) {
        let settings = ProxySettings(environment: [
            "HTTPS_PROXY": "http://user:word@secure:3128", "http_proxy": "plain:3128",
            "NO_PROXY": ".internal, 127.0.0.1,other:8443",
        ])
        #expect(settings.proxy(isSecure: isSecure, host: host, port: port)?.host == expected)
    }
}
