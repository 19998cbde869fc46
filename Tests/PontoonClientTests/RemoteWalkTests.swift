import Foundation
import Synchronization
import Testing

@testable import PontoonClient

/// Walks through folders on a server.
@Suite(.timeLimit(.minutes(10)))
struct RemoteWalkTests {
    private static func page(_ items: String..., next: Bool = false) -> ScriptedServer.Response {
        let links = next ? #"{"rel": "next"}"# : ""
        return ScriptedServer.Response(#"{"items": [\#(items.joined(separator: ","))], "links": [\#(links)]}"#)
    }

    private static func folder(_ name: String) -> String {
        #"{"id": "\#(name)", "name": "\#(name)", "type": "folder"}"#
    }

    private static func file(_ name: String) -> String {
        #"{"id": "\#(name)", "name": "\#(name)", "type": "file", "tags": ["t"], "size": 5}"#
    }

    private static func steps(
        _ client: SevenBridgesClient,
        _ text: String,
        filter: RemoteFilter? = nil,
        depth: RemoteWalk.Depth = .everything
    ) async throws -> [String] {
        var steps: [String] = []
        var walk = RemoteWalk(client, filter: try filter ?? RemoteFilter(), depth: depth)
        try await walk.walk(try await client.start(text)) { step in
            switch step {
            case .found(let entry): steps.append("found \(entry.path)")
            case .entering(let path): steps.append("entering \(path)")
            case .leaving(let path): steps.append("leaving \(path)")
            case .failed(let path, let error): steps.append("failed \(path) \((error as? APIError)?.status ?? 0)")
            }
        }
        return steps
    }

    @Test("a folder that the server does not list is reported, and does not stop the walk")
    func failure() async throws {
        try await ScriptedServer.with(
            respond: { request in
                switch request.query("parent") {
                case nil: Self.page(Self.folder("a"), Self.folder("b"), Self.file("c"))
                case "a": .init("{}", status: 403)
                default: Self.page(Self.file("d"))
                }
            }
        ) { _, client in
            let steps = try await Self.steps(client, "o/p")
            #expect(
                steps == [
                    "entering o/p", "found o/p/a", "entering o/p/a", "failed o/p/a 403", "leaving o/p/a",
                    "found o/p/b", "entering o/p/b", "found o/p/b/d", "leaving o/p/b", "found o/p/c", "leaving o/p",
                ]
            )
        }
    }

    @Test("a pattern selects entries, and only folders that may contain matches are listed")
    func patterns() async throws {
        try await ScriptedServer.with(
            respond: { request in
                // No entry is literally named like the pattern.
                if request.query("name") != nil { return Self.page() }
                return switch request.query("parent") {
                case nil: Self.page(Self.folder("run1"), Self.folder("other"), Self.file("run2"))
                case "run1": Self.page(Self.folder("sub"), Self.file("x.bam"), Self.file("y.txt"))
                case "sub": Self.page(Self.file("z.bam"))
                default: .init("{}", status: 500)
                }
            }
        ) { server, client in
            let rows: [(pattern: String, depth: RemoteWalk.Depth, expected: [String])] = [
                ("o/p/run*", .contents, ["found o/p/run1", "found o/p/run2"]),
                ("o/p/run*/", .contents, ["found o/p/run1"]),
                ("o/p/run*/*.bam", .starts, ["found o/p/run1/x.bam"]),
                ("o/p/{run1,none}/**/*.bam", .contents, ["found o/p/run1/sub/z.bam", "found o/p/run1/x.bam"]),
                (
                    "o/p/run*", .everything,
                    [
                        "found o/p/run1", "entering o/p/run1", "found o/p/run1/sub", "entering o/p/run1/sub",
                        "found o/p/run1/sub/z.bam", "leaving o/p/run1/sub", "found o/p/run1/x.bam",
                        "found o/p/run1/y.txt", "leaving o/p/run1", "found o/p/run2",
                    ]
                ),
                ("o/p/none*", .everything, []),
            ]
            for (pattern, depth, expected) in rows {
                let steps = try await Self.steps(client, pattern, depth: depth)
                #expect(steps == expected, "\(pattern)")
            }
            #expect(!server.requests.contains { $0.query("parent") == "other" })
        }
    }

    @Test("each page is processed before the next is requested, so only one page per level is in memory")
    func streaming() async throws {
        try await ScriptedServer.with(
            respond: { request in
                switch request.query("offset") {
                case "0": Self.page(Self.file("a"), Self.file("b"), next: true)
                case "2": Self.page(Self.file("c"), Self.file("d"), next: true)
                default: Self.page(Self.file("e"))
                }
            }
        ) { server, client in
            var requests: [Int] = []
            var walk = RemoteWalk(client, filter: try RemoteFilter(), depth: .everything)
            try await walk.walk(try await client.start("o/p")) { step in
                if case .found = step { requests.append(server.requests.count) }
            }
            #expect(requests == [1, 1, 2, 2, 3])
        }
    }

    @Test("conditions on labels are sent to the server, and checked by the client in case the server ignores them")
    func labels() async throws {
        try await ScriptedServer.with(
            respond: { _ in
                Self.page(Self.folder("a"), Self.file("b"), #"{"id": "c", "name": "c", "metadata": {"k": "v"}}"#)
            }
        ) { server, client in
            var tagged = try RemoteFilter()
            tagged.tags = ["t", "u"]
            #expect(try await Self.steps(client, "o/p", filter: tagged, depth: .contents) == ["found o/p/b"])
            var described = try RemoteFilter()
            described.metadata = ["k": ["v", "w"]]
            #expect(try await Self.steps(client, "o/p", filter: described, depth: .contents) == ["found o/p/c"])
            let lines = server.requests.map(\.line)
            #expect(lines[0].contains("&tag=t&tag=u&") && lines[1].contains("&metadata.k=v&metadata.k=w&"), "\(lines)")
        }
    }

    @Test(
        "a pattern may match below the folders that match its beginning",
        arguments: [
            ("/a/b", ["a"], true), ("/a/b", ["b"], false), ("/a/b", ["a", "b"], false), ("/a/*/c", ["a", "x"], true),
            ("/a/**", ["a", "x", "y"], true), ("/**/c", ["x", "y"], true), ("*.bam", ["x", "y"], true),
            ("/a*/b", ["ax"], true), ("/a*/b", ["xa"], false), ("{/a/b,/c/d}", ["c"], true),
        ] as [(String, [String], Bool)]
    )
    func below(pattern: String, folder: [String], expected: Bool) throws {
        #expect(try PathPattern(pattern).mayMatch(below: folder) == expected)
    }
}
