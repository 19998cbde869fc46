import NIOCore
import NIOHTTP1
import Testing

@testable import PontoonClient

struct EndpointTests {
    @Test(
        "URLs and short names are parsed",
        arguments: [
            ("cgc", "https://cgc-api.sbgenomics.com/v2", 443), ("US", "https://api.sbgenomics.com/v2", 443),
            ("http://127.0.0.1:8080/v2/", "http://127.0.0.1:8080/v2", 8080), ("http://[::1]/v2", "http://[::1]/v2", 80),
            (" https://host/v2\r\n", "https://host/v2", 443),
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
            (nil, nil, ["SB_AUTH_TOKEN": "", "SB_API_ENDPOINT": ""], "https://one/v2", "AAAA"),
            (nil, nil, ["SB_AUTH_TOKEN": "E\r\n", "SB_API_ENDPOINT": "https://env/v2\n"], "https://env/v2", "E"),
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
        "errors name the missing or invalid setting",
        arguments: [
            ("nobody", [:], "'nobody'"), ("empty", [:], "'empty'"),
            (nil, ["SB_AUTH_TOKEN": "E"], "SB_API_ENDPOINT is not"),
            // The token of the profile 'default' is not used, because it belongs to another server.
            (nil, ["SB_API_ENDPOINT": "https://env/v2"], "SB_AUTH_TOKEN is not"),
            (nil, ["SB_API_ENDPOINT": "https://env/v2", "SB_AUTH_TOKEN": " "], "SB_AUTH_TOKEN is not"),
            (nil, ["SB_API_ENDPOINT": "https://env/v2", "SB_AUTH_TOKEN": "a b"], "SB_AUTH_TOKEN is not valid"),
            (nil, ["SB_API_ENDPOINT": "https://env/v2", "SB_AUTH_TOKEN": "a\nb"], "SB_AUTH_TOKEN is not valid"),
        ] as [(String?, [String: String], String)]
    )
    func missing(profile: String?, environment: [String: String], expected: String) {
        let error = #expect(throws: ClientError.self) {
            try Credentials.find(profile: profile, endpoint: nil, environment: environment, file: Self.file)
        }
        #expect(error?.code == .credentialsMissing && error?.message.contains(expected) == true)
    }

    @Test("a credentials file with a byte order mark and CR LF is read")
    func foreignText() throws {
        let text = "\u{FEFF}" + Self.file.replacing("\n", with: "\r\n").replacing("# comment\r\n", with: "")
        let profiles = CredentialsFile(text).profiles
        #expect(profiles["default"]?.endpoint == "https://one/v2" && profiles["other"]?.token == AuthToken("BBBB"))
    }

    @Test("a profile is replaced within its file, which keeps its line endings", arguments: ["\n", "\r\n"])
    func replacing(lineEnd: String) {
        let text = ["[a]", "auth_token = 1", "", "[b]", "auth_token = 2", ""].joined(separator: lineEnd)
        let section = ["[a]", "auth_token = 3"]
        let expected = ["[a]", "auth_token = 3", "", "[b]", "auth_token = 2", ""].joined(separator: lineEnd)
        #expect(CredentialsFile.replacing("a", in: text, by: section) == expected)
        #expect(CredentialsFile.replacing("a", in: "\u{FEFF}" + text, by: section) == expected)
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
    func proxies(isSecure: Bool, host: String, port: Int, expected: String?) throws {
        let settings = try ProxySettings(environment: [
            "HTTPS_PROXY": "http://user:word@secure:3128", "http_proxy": "plain:3128",
            "NO_PROXY": ".internal, 127.0.0.1,other:8443",
        ])
        #expect(settings.proxy(isSecure: isSecure, host: host, port: port)?.host == expected)
    }

    @Test(
        "networks in NO_PROXY bypass the proxy",
        arguments: [
            ("127.0.0.0/8", "127.200.0.1", true), ("127.0.0.1/32", "127.0.0.1", true),
            ("10.0.0.0/9", "10.128.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true), ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true), ("[::1]", "::1", true), ("::/0", "127.0.0.1", false),
            ("127.0.0.0/8", "localhost", false),
            ("localhost 10.0.0.0/8", "10.1.1.1", true),
        ]
    )
    func networks(exception: String, host: String, isDirect: Bool) throws {
        let settings = try ProxySettings(environment: ["http_proxy": "proxy", "NO_PROXY": exception])
        #expect((settings.proxy(isSecure: false, host: host, port: 80) == nil) == isDirect)
    }

    @Test("an invalid network is an error", arguments: ["127.0.0.1/33", "10.0.0.0/x", "host/8", "::1/129"])
    func invalidNetwork(text: String) {
        let error = #expect(throws: ClientError.self) { try ProxySettings(environment: ["NO_PROXY": "a,\(text)"]) }
        #expect(error?.message.contains(text) == true)
    }

    @Test(
        "proxies are parsed",
        arguments: [
            ("proxy", .http, "proxy", 80, nil), ("http://proxy:3128/", .http, "proxy", 3128, nil),
            ("socks5://proxy", .socks5, "proxy", 1080, nil), ("socks5h://[::1]:9", .socks5, "::1", 9, nil),
            ("http://u:p%23w@proxy\n", .http, "proxy", 80, "u:p#w"), ("u@proxy:1", .http, "proxy", 1, "u:"),
        ] as [(String, ProxySettings.Proxy.Kind, String, Int, String?)]
    )
    func proxy(text: String, kind: ProxySettings.Proxy.Kind, host: String, port: Int, login: String?) throws {
        let proxy = try ProxySettings.Proxy(text, name: "http_proxy")
        #expect(proxy.kind == kind && proxy.host == host && proxy.port == port && proxy.login == login)
    }

    @Test(
        "an invalid proxy is an error that names the variable but not its value, which may contain a password",
        arguments: [
            "http://u:p#w@proxy:1", "not a url", "https://u:p@proxy", "socks4://proxy", "http://u:p@", "u:p@h:0",
        ]
    )
    func invalidProxy(text: String) {
        for name in ["http_proxy", "HTTPS_PROXY", "all_proxy"] {
            let error = #expect(throws: ClientError.self) { try ProxySettings(environment: [name: text]) }
            #expect(error?.message.contains(name) == true && error?.description.contains("u:p") == false)
        }
    }

    @Test(
        "a redirect is explained with the URL to set",
        arguments: [
            ("https://new.example/v2/projects?offset=0", "https://new.example/v2"),
            ("https://new.example/login", "https://new.example/login"), ("/v2/projects", nil),
            ("https://user:password@new.example/v2/projects", nil),
        ]
    )
    func redirect(location: String, expected: String?) {
        let response = HTTPResponse(status: 307, headers: ["Location": location], body: ByteBuffer())
        let error = APIError(response, purpose: "list the projects", call: "GET /projects")
        #expect(error.redirectedEndpoint == expected && error.description.contains(expected ?? "status 307"))
    }

    @Test(
        "Retry-After is read as seconds or as a date by the server's clock",
        arguments: [
            ("7", .seconds(7)), ("-7", .zero), ("Sun, 06 Nov 1994 08:50:07 GMT", .seconds(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", .zero), ("soon", nil),
        ] as [(String, Duration?)]
    )
    func retryAfter(text: String, expected: Duration?) {
        let headers: HTTPHeaders = ["Retry-After": text, "Date": "Sun, 06 Nov 1994 08:49:37 GMT"]
        #expect(HTTPResponse(status: 503, headers: headers, body: ByteBuffer()).retryAfter == expected)
    }
}
