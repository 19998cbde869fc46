import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// Parsers of clients' requests, mainly with fuzzed input.
struct RequestFuzzTests {
    @Test("accepted JSON has the same value for Foundation, and its value can be written and parsed again")
    func json() throws {
        let corpus = [
            #"{"name": "reads.bam", "size": 12345, "part_size": 5242880, "project": "a/b", "x": [true, false, null, 1e5]}"#,
            #"{"parts": [{"part_number": 1, "response": {"headers": {"ETag": "\"0123456789abcdef\""}}}]}"#,
            #" {"a\u00e9\ud83d\ude00\n": {"b": [[[-0.5, 1E-7, 9007199254740993]]], "": ""}} "#,
            "[9007199254740993.5]",
        ]
        try Fuzzing.run(corpus) { bytes in
            guard let value = try? JSONParser.parse(bytes) else { return }
            do {
                let expected = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
                #expect(value.withDoubles == expected.withDoubles, "\(bytes)")
            } catch {
                // Foundation refuses some valid numbers with an exponent, such as 0e5 and 1e-400.
                #expect(String(decoding: bytes, as: UTF8.self).contains(/[0-9][eE][-+]?[0-9]/), "\(bytes): \(error)")
            }
            let again = try JSONParser.parse(value.text)
            #expect(again.withDoubles == value.withDoubles, "\(bytes)")
        }
    }

    @Test("a parsed query that is encoded again has the same parameters")
    func query() throws {
        let corpus = [
            "offset=0&limit=100&project=a%2Fb&name=x+y&name=%C3%A4&fields=_all", "token=n1YQ&limit=1&tag=a&&b=&=c&d",
            "expires=1800000000&key=k&signature=00ff",
        ]
        try Fuzzing.run(corpus) { bytes in
            guard let query = try? Self.query(String(decoding: bytes, as: UTF8.self)), let page = try? query.page()
            else { return }
            #expect((0...100).contains(page.limit) && page.offset >= 0)
            let again = try Self.query(query.encoded(page))
            let others = { (query: Query) in
                query.items.filter { !["offset", "limit"].contains($0.name) }.map { "\($0.name)=\($0.value)" }
            }
            #expect(others(again) == others(query), "\(bytes)")
            #expect((try? again.page()) == page, "\(bytes)")
        }
    }

    private static func query(_ text: String) throws -> Query {
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/v2/files?\(text)")
        return try Query(Request(head: head, body: RequestBody(buffer: ByteBuffer())))
    }

    @Test(
        "an escaped text is decoded byte by byte",
        arguments: [
            ("a%20b", "a b"), ("%EF%BB%BFa", "\u{FEFF}a"), ("%c3%A4", "ä"), ("%00", "\0"), ("%", nil), ("%4", nil),
            ("%zz", nil), ("%+1", nil), ("%ff", nil), ("%%41", nil), ("ä%41", "äA"), ("", ""),
        ] as [(String, String?)]
    )
    func unescape(text: String, expected: String?) {
        #expect(PercentEncoding.decode(text).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test(
        "a query is decoded completely or not at all, and refused if it is percent-encoded but not UTF-8",
        arguments: [
            ("caf%C3%A9+1", "café 1"), ("%EF%BB%BFa", "\u{FEFF}a"), ("caf%E9.txt", nil), ("%C3", nil), ("%c3%28", nil),
            ("%ED%A0%80", nil), ("a%20%FF", nil), ("%", "%"), ("50%", "50%"), ("100%+sure", "100% sure"),
            ("%zz", "%zz"), ("%4", "%4"), ("a%20b%", "a%20b%"), ("%E9%zz", "%E9%zz"), ("%%41", "%%41"),
        ] as [(String, String?)]
    )
    func decodeQuery(text: String, expected: String?) {
        let bytes = expected.map { Array($0.utf8) }
        let value = try? Self.query("name=\(text)")["name"]
        #expect(value.map { Array($0.utf8) } == bytes)
        let name = try? Self.query("a=b&\(text)=c").items.last?.name
        #expect(name.map { Array($0.utf8) } == bytes)
    }

    @Test("an accepted range is within the file and not empty")
    func range() {
        Fuzzing.run(["bytes=0-99", "bytes=50-", "bytes=-5", "bytes=0-0,5-6"]) { bytes in
            let header = String(decoding: bytes, as: UTF8.self)
            for size in [0, 1, 100, Int64.max] {
                guard case .range(let range) = Validators.parse(header, size: size) else { continue }
                #expect(!range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size, "\(header)")
            }
        }
    }

    @Test("weights in Accept headers are between 0 and 1")
    func weights() {
        Fuzzing.run(["text/html,application/xhtml+xml,*/*;q=0.8", "gzip;q=0.5, br;q=1.0, identity; q=0"]) { bytes in
            let list = WeightedList([String(decoding: bytes, as: UTF8.self)])
            for name in ["text/html", "*/*", "gzip", "br", "identity"] {
                #expect((0...1).contains(list.weight(of: name)), "\(bytes)")
            }
        }
    }

    @Test("an accepted Host header has a valid port, and a name without other parts of a URL")
    func host() {
        Fuzzing.run(["example.org:8080", "[2001:db8::1]:443", "[::\01]", "[fe80::1%1]", "127.0.0.1", "a_b-c.d"]) {
            bytes in
            guard let host = HostHeader(String(decoding: bytes, as: UTF8.self)) else { return }
            #expect((1...65_535).contains(host.port ?? 1))
            #expect(!host.name.isEmpty && !host.name.contains { "/?#@%\\ \r\n\0".contains($0) }, "\(bytes)")
        }
    }

    @Test("only scroll tokens of the server are accepted")
    func scrollToken() {
        let corpus = ["reads.bam", "ä ö", "~~~>>>???"].map { ScrollToken(after: $0).text } + ["init"]
        Fuzzing.run(corpus) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let token = try? ScrollToken(text) else { return }
            #expect(token.text == text)
        }
    }
}
