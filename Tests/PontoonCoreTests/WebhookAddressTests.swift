import PontoonCore
import Testing

@Suite("Addresses to which webhooks may send events")
struct WebhookAddressTests {
    @Test(
        "addresses that are not on the public Internet are refused",
        arguments: [
            "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
            "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "100.100.100.200", "169.254.169.254",
            "169.254.0.1", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
            "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
            "168.63.129.16",
            "::", "::1", "::127.0.0.1", "::8.8.8.8", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254",
            "ff02::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "4000::1",
            "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "5f00::1",
        ]
    )
    func refused(_ text: String) throws {
        #expect(try !WebhookAddresses().allows(#require(NetworkAddress(text)), own: []))
    }

    @Test(
        "addresses on the public Internet are allowed",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255",
            "128.0.0.1", "168.63.129.15", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255", "198.17.0.1",
            "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1",
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        ]
    )
    func allowed(_ text: String) throws {
        #expect(try WebhookAddresses().allows(#require(NetworkAddress(text)), own: []))
    }

    @Test("the server's own addresses are refused, however they are written, unless they are listed")
    func own() throws {
        let own = Set(try ["8.8.8.8", "2606:4700::1111", "10.0.0.1"].map { try #require(NetworkAddress($0)) })
        let refused = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::1111", "10.0.0.1", "10.0.0.2"]
        for text in refused {
            #expect(try !WebhookAddresses().allows(#require(NetworkAddress(text)), own: own), "\(text)")
        }
        for text in ["8.8.8.9", "2606:4700::1112"] {
            #expect(try WebhookAddresses().allows(#require(NetworkAddress(text)), own: own), "\(text)")
        }
        let listed = WebhookAddresses(allowing: try ["8.8.8.8", "10.0.0.0/8"].map { try #require(IPNetwork($0)) })
        for text in ["8.8.8.8", "::ffff:8.8.8.8", "10.0.0.1"] {
            #expect(try listed.allows(#require(NetworkAddress(text)), own: own), "\(text)")
        }
        #expect(try !listed.allows(#require(NetworkAddress("2606:4700::1111")), own: own))
    }

    @Test("while the server's own addresses are unknown, only listed networks are allowed")
    func unknownOwn() throws {
        let addresses = WebhookAddresses(allowing: [try #require(IPNetwork("10.0.0.0/8"))])
        #expect(try addresses.allows(#require(NetworkAddress("10.0.0.1")), own: nil))
        #expect(try !addresses.allows(#require(NetworkAddress("8.8.8.8")), own: nil))
    }

    @Test("only listed networks are allowed, also when addresses are written as IPv4-mapped")
    func listed() throws {
        let networks = try ["10.1.0.0/16", "fd00:1::/32", "127.0.0.1"].map { try #require(IPNetwork($0)) }
        let addresses = WebhookAddresses(allowing: networks)
        for text in ["10.1.0.0", "10.1.255.255", "127.0.0.1", "::ffff:10.1.2.3", "fd00:1:ffff::1", "8.8.8.8"] {
            #expect(try addresses.allows(#require(NetworkAddress(text)), own: []), "\(text)")
        }
        for text in ["10.0.255.255", "10.2.0.0", "127.0.0.2", "fd00:2::1", "::1", "::ffff:127.0.0.2"] {
            #expect(try !addresses.allows(#require(NetworkAddress(text)), own: []), "\(text)")
        }
        let all = WebhookAddresses(allowing: try ["0.0.0.0/0", "::/0"].map { try #require(IPNetwork($0)) })
        for text in ["127.0.0.1", "::1", "255.255.255.255", "ff02::1"] {
            #expect(try all.allows(#require(NetworkAddress(text)), own: []), "\(text)")
        }
    }

    @Test(
        "other text is not parsed as a network",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8",
            "10", "localhost", "fd00::/129", "fd00::1/64", "fe80::1%eth0", "0x7f.0.0.1", " 10.0.0.0/8",
        ]
    )
    func malformed(_ text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test("an address is parsed from its own text", arguments: ["0.0.0.0", "192.168.1.5", "::", "2001:db8::ff:1"])
    func roundTrip(_ text: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(NetworkAddress(address.description) == address)
    }

    @Test("an address has 4 or 16 bytes")
    func bytes() {
        #expect(NetworkAddress(bytes: [192, 0, 2, 1] as [UInt8]) == NetworkAddress("192.0.2.1"))
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        #expect(NetworkAddress(bytes: loopback) == NetworkAddress("::1"))
        #expect(NetworkAddress(bytes: [1, 2, 3] as [UInt8]) == nil)
    }
}

struct WebhookURLTests {
    @Test(
        "a URL is split and normalized",
        arguments: [
            ("https://a.example/x?y=1", "https://a.example/x?y=1", "a.example", 443),
            ("HTTP://A.Example", "http://a.example/", "a.example", 80),
            ("https://a.example?x", "https://a.example/?x", "a.example", 443),
            ("http://a:8080/", "http://a:8080/", "a", 8080),
            ("https://[2001:DB8::1]:1024/@:", "https://[2001:db8::1]:1024/@:", "2001:db8::1", 1024),
            ("http://192.0.2.1:80", "http://192.0.2.1:80/", "192.0.2.1", 80),
        ]
    )
    func parts(_ text: String, _ expected: String, _ host: String, _ port: Int) throws {
        let url = try WebhookURL(text)
        #expect(url.text == expected && url.host == host && url.port == port)
        #expect(try WebhookURL(url.text) == url)
        #expect(url.usesTLS == expected.hasPrefix("https"))
    }

    @Test(
        "other URLs are refused",
        arguments: [
            "", "a.example", "ftp://a/", "file:///etc/passwd", "gopher://a", "http://", "http:///x", "http://a b/",
            "http://user@a/", "http://user:pass@a/", "http://a@127.0.0.1/", "http://a/#x", "http://a\\@b/", "http://ä/",
            "http://a:/", "http://a:0/", "http://a:65536/", "http://a:22/", "http://a:25/", "http://a:1023/",
            "http://a:+80/", "http://a:80x/", "http://[::1/", "http://[127.0.0.1]/", "http://[::1%25eth0]/",
            "http://[::1]x/", "http://a%2eb/", "http://a/\u{0}", "http://a/\r\nX: y", "//a/", "unix:///run/x",
            "http://\(String(repeating: "a", count: 254))/", "http://a/\(String(repeating: "a", count: 2048))",
        ]
    )
    func malformed(_ text: String) {
        #expect(throws: PontoonError.self) { try WebhookURL(text) }
    }
}
