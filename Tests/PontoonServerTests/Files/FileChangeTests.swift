import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Concurrent changes of one file.
@Suite(.timeLimit(.minutes(10)))
struct FileChangeTests {
    private func state(_ response: JSONValue, isWhole value: String) -> Bool {
        let text = JSONValue.string(value)
        return response["name"] == text && response["metadata"]?["k"] == text && response["metadata"]?["l"] == text
            && response["tags"] == [text, .string(value + "!")]
    }

    @Test("the last of several concurrent changes replaces the others completely, and each caller sees its own change")
    func patches() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            for call in ["/files/\(file)", "/bulk/files/edit", "/bulk/files/update"] {
                let wholes = try await withThrowingTaskGroup { group in
                    for number in 0..<40 {
                        group.addTask {
                            let value = "\(number)"
                            let text = JSONValue.string(value)
                            let change: [String: JSONValue] = [
                                "name": text, "metadata": ["k": text, "l": text], "tags": [text, .string(value + "!")],
                            ]
                            if call.hasPrefix("/files") {
                                return state(try await api.call(.PATCH, call, .object(change)).json, isWhole: value)
                            }
                            let item = JSONValue.object(change.merging(["id": .string(file)]) { $1 })
                            let items = try await api.call(.POST, call, ["items": [item]]).entries
                            return items[0]["resource"].map { state($0, isWhole: value) } ?? false
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(wholes.count == 40)
                #expect(wholes.allSatisfy { $0 }, "\(call)")
                let last = try await api.call(.GET, "/files/\(file)")
                let name = try last.text("name")
                #expect(state(try last.json, isWhole: name), "\(String(buffer: last.body))")
            }
        }
    }

    @Test("concurrent changes of different keys are all kept")
    func merges() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            try await withThrowingTaskGroup { group in
                for number in 0..<40 {
                    group.addTask {
                        let change: JSONValue = .object(["\(number)": "v"])
                        let response = try await api.call(.PATCH, "/files/\(file)/metadata", change)
                        #expect(response.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await api.call(.GET, "/files/\(file)/metadata").json.keys.count == 40)
        }
    }

    @Test("exactly one of several concurrent renames to a name succeeds, and the others have no effect")
    func names() async throws {
        try await withTestServer { server in
            let api = server.api
            var files: [String] = []
            for number in 0..<8 { files.append(try await api.upload("\(number)", ByteBuffer(string: "1"))) }
            let codes = try await withThrowingTaskGroup { group in
                for (number, file) in files.enumerated() {
                    group.addTask {
                        let change: JSONValue = ["name": "x", "tags": [.string("\(number)")], "metadata": ["k": "v"]]
                        let response = try await api.call(.PATCH, "/files/\(file)", change)
                        return response.status == 200 ? Int64(0) : response.code
                    }
                }
                return try await group.reduce(into: [Int64?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == 0 } == 1)
            #expect(codes.count { $0 == 5003 } == 7)
            let all = try await api.call(.GET, "/files?project=admin/uploads&fields=_all").entries
            for item in all {
                #expect((item["name"] == "x") == (item["tags"] != []))
                #expect((item["name"] == "x") == (item["metadata"] != [:]))
            }
        }
    }
}
