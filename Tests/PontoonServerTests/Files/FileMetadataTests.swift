import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Metadata and tags of a file.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FileMetadataTests {
    @Test("PATCH merges metadata and removes keys with null, and PUT replaces all metadata")
    func changes() async throws {
        try await withTestServer { server in
            let path = "/files/\(try await server.api.uploadSmall("a"))/metadata"
            #expect(try await server.api.call(.GET, path).json == [:])
            let steps: [(HTTPMethod, JSONValue, JSONValue)] = [
                (.PATCH, ["a": "1", "b": "2"], ["a": "1", "b": "2"]), (.PATCH, ["b": "3"], ["a": "1", "b": "3"]),
                (.PATCH, ["a": nil, "c": ""], ["b": "3", "c": ""]), (.PATCH, ["nothing": nil], ["b": "3", "c": ""]),
                (.PATCH, [:], ["b": "3", "c": ""]), (.PUT, ["B": "4", "x": nil], ["B": "4"]),
                (.PATCH, ["b": "5"], ["B": "4", "b": "5"]), (.PUT, [:], [:]),
                (.PATCH, ["n": 5, "t": true, "ä b": "日本 \"'\\"], ["n": "5", "t": "true", "ä b": "日本 \"'\\"]),
            ]
            for (method, change, expected) in steps {
                let response = try await server.api.call(method, path, change)
                #expect(response.status == 200)
                #expect(try response.json == expected, "\(method) \(change)")
                let got = try await server.api.call(.GET, path)
                #expect(try got.json == expected)
            }
        }
    }

    @Test("a change that exceeds a limit is rejected and has no effect")
    func limits() async throws {
        try await withTestServer { server in
            let path = "/files/\(try await server.api.uploadSmall("a"))/metadata"
            func pairs(_ range: Range<Int>) -> JSONValue {
                .object(Dictionary(uniqueKeysWithValues: range.map { ("k\($0)", .string("\($0)")) }))
            }
            let key = String(repeating: "k", count: 100)
            let value = String(repeating: "é", count: 150)
            let most = try await server.api.call(.PUT, path, [key: .string(value)])
            #expect(try most.json == [key: .string(value)], "100 and 300 bytes are allowed")
            let bad: [JSONValue] = [
                pairs(0..<1001), [key + "k": "x"], ["x": .string(value + "x")], ["": "x"], ["a": ["x"]],
                ["a": ["b": "c"]],
                [String(repeating: "é", count: 51): "x"], ["a": "b", "x": .string(String(repeating: "x", count: 301))],
            ]
            for method in [HTTPMethod.PATCH, .PUT] {
                for body in bad {
                    server.expectRefusal(try await server.api.call(method, path, body), 400, 5006, "\(method)")
                }
                #expect(try await server.api.call(.GET, path).json == [key: .string(value)])
            }
            let full = try await server.api.call(.PUT, path, pairs(0..<1000))
            #expect(try full.json.keys.count == 1000)
            server.expectRefusal(try await server.api.call(.PATCH, path, ["more": "x"]), 400, 5006, "too many pairs")
            let swapped = try await server.api.call(.PATCH, path, ["k0": nil, "more": "x"])
            #expect(try swapped.json.keys.count == 1000)
        }
    }

    @Test("tags are replaced and keep their order")
    func tags() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a")
            for tags: JSONValue in [["b", "a"], ["ä b", "\"", ",", " "], ["x"], []] {
                let response = try await server.api.call(.PUT, "/files/\(file)/tags", tags)
                #expect(response.status == 200)
                #expect(try response.json == tags)
                let details = try await server.api.call(.GET, "/files/\(file)")
                #expect(details["tags"] == tags)
            }
            for body: JSONValue in [["a", [:]], ["a", nil], [["a"]], "a", 5, ["tags": ["a"]]] {
                server.expectRefusal(
                    try await server.api.call(.PUT, "/files/\(file)/tags", body),
                    400,
                    90000,
                    "\(body)"
                )
            }
        }
    }
}
