import Foundation
import HTTPTypes
import Hummingbird
import PontoonApp
import PontoonCore
import Testing
import Yams

@testable import PontoonServer

/// Consistency of the documentation with the served calls, the tests and the messages of the programs.
@Suite(.timeLimit(.minutes(10)))
struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Returns the rows of the table of calls in docs/api.md: methods with paths, and the names of test files.
    private static func rows() throws -> [(calls: [String], tests: [String])] {
        let text = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let words = code(in: cells[0]).flatMap { $0.split(separator: " ").map(String.init) }
            // Rows of other tables may also start with code.
            guard cells.count > 2, let path = words.first(where: { $0.hasPrefix("/") }) else { return nil }
            let methods = words.filter { !$0.hasPrefix("/") }
            return (methods.map { "\($0) \(path)" }, code(in: cells[2]))
        }
    }

    /// Returns the texts between backticks.
    private static func code(in cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    @Test("the table lists exactly the calls that are served")
    func calls() async throws {
        let served = try await servedCalls()
        var documented = Set(try Self.rows().flatMap(\.calls).map { $0 == "GET /v2/" ? "GET /v2" : $0 })
        // HEAD is served for every GET, but the table lists it only for the calls where clients use it.
        for call in documented where call.hasPrefix("GET ") { documented.insert("HEAD " + call.dropFirst(4)) }
        #expect(served == documented)
    }

    @Test("the OpenAPI document lists exactly the calls that are served")
    func openAPI() async throws {
        let served = try await servedCalls()
        let document = try #require(
            try Yams.load(yaml: String(decoding: APIDocument.openAPI, as: UTF8.self)) as? [String: Any]
        )
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var documented = Set(
            paths.flatMap { path, item in item.keys.map { "\($0.uppercased()) \(path == "/v2/" ? "/v2" : path)" } }
        )
        for call in documented where call.hasPrefix("GET ") { documented.insert("HEAD " + call.dropFirst(4)) }
        #expect(served == documented)
    }

    @Test("the messages in docs/troubleshooting.md occur in the programs")
    func messages() throws {
        let page = try String(contentsOf: Self.root.appending(path: "docs/troubleshooting.md"), encoding: .utf8)
        let sources = try Self.sources()
        let symptoms = page.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { $0.split(separator: "|")[0] }
        let messages = symptoms.flatMap { Self.code(in: String($0)) }
        #expect(messages.count > 20)
        for message in messages { #expect(sources.contains(message), "\(message)") }
    }

    /// Returns the text of all Swift sources.
    private static func sources() throws -> String {
        let folder = root.appending(path: "Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return try paths.map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }.joined()
    }

    @Test("the document in docs equals the one in the binary")
    func sameDocument() throws {
        let file = try Data(contentsOf: Self.root.appending(path: "docs/openapi.yaml"))
        #expect(file == Data(APIDocument.openAPI))
    }

    @Test("the tests named for each call exist")
    func tests() throws {
        let paths = try #require(FileManager.default.enumerator(atPath: Self.root.appending(path: "Tests").path))
        let files = Set(paths.compactMap { ($0 as? String).map(Self.fileName) })
        for (calls, tests) in try Self.rows() {
            #expect(!tests.isEmpty, "\(calls)")
            for test in tests {
                let file = test.hasSuffix(".py") ? test : "\(test).swift"
                #expect(files.contains(Self.fileName(file)), "\(calls): \(test)")
            }
        }
    }

    private static func fileName(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    private func servedCalls() async throws -> Set<String> {
        try await withTestServer(.router) { server in
            let routes = Routes(
                router: Router(context: AppContext.self),
                useCases: server.app.useCases,
                settings: ServerSettings()
            )
            routes.addCalls(server.app.useCases, budget: ReceiveBufferBudget(), metrics: ServerMetrics())
            return Set(routes.methods.flatMap { path, methods in methods.map { "\($0.rawValue) \(path)" } })
        }
    }
}
