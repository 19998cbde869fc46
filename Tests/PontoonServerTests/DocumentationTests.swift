import Foundation
import HTTPTypes
import Hummingbird
import PontoonCore
import PontoonMetadata
import PontoonObjects
import SystemPackage
import Testing
import Yams

@testable import PontoonServer

/// docs/api.md and docs/openapi.yaml list what is served; the former names tests that exist.
struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The rows of the table of calls: methods and paths, and names of tests.
    private static func rows() throws -> [(calls: [String], tests: [String])] {
        let text = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let words = code(in: cells[0]).flatMap { $0.split(separator: " ").map(String.init) }
            let path = words.first { $0.hasPrefix("/") } ?? ""
            let methods = words.filter { !$0.hasPrefix("/") }
            return (methods.map { "\($0) \(path)" }, code(in: cells[2]))
        }
    }

    /// What stands between back quotes.
    private static func code(in cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    @Test("every call that is served is in the table, and the reverse")
    func calls() async throws {
        let served = try await servedCalls()
        let documented = Set(try Self.rows().flatMap(\.calls).map { $0 == "GET /v2/" ? "GET /v2" : $0 })
        #expect(served == documented)
    }

    @Test("every call that is served is in the OpenAPI document, and the reverse")
    func openAPI() async throws {
        let served = try await servedCalls()
        let document = try #require(
            try Yams.load(yaml: String(decoding: APIDocument.openAPI, as: UTF8.self)) as? [String: Any]
        )
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let documented = paths.flatMap { path, item in
            item.keys.map { "\($0.uppercased()) \(path == "/v2/" ? "/v2" : path)" }
        }
        #expect(served == Set(documented))
    }

    @Test("the document in docs is the one in the binary")
    func sameDocument() throws {
        let file = try Data(contentsOf: Self.root.appending(path: "docs/openapi.yaml"))
        #expect(file == Data(APIDocument.openAPI))
    }

    @Test("every call names tests, and they exist")
    func tests() throws {
        for (calls, tests) in try Self.rows() {
            #expect(!tests.isEmpty, "\(calls)")
            for test in tests {
                let url = Self.root.appending(path: Self.path(ofTest: test))
                #expect(FileManager.default.fileExists(atPath: url.path), "\(calls): \(test)")
            }
        }
    }

    /// The path of a test in the table: a Python file of Tests/Compatibility, or a Swift file.
    private static func path(ofTest name: String) -> String {
        if name.hasSuffix(".py") { return "Tests/Compatibility/\(name)" }
        return name.contains("/") ? "Tests/\(name).swift" : "Tests/EndToEndTests/\(name).swift"
    }

    private func servedCalls() async throws -> Set<String> {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let metadata = try await SQLMetadataStore.open(SQLiteSettings(path: folder.appending(path: "db").path))
        let keys = KeyRing(store: metadata, rotationInterval: .seconds(1), urlLifetime: .seconds(1))
        let disk = DiskSettings(folder: FilePath(folder.appending(path: "objects").path), threads: 1)
        let objects = try DiskObjectStore(disk)
        let hasher = PrefixHasher(metadata: metadata, objects: objects)
        let urls = DataPlaneURLs(keys)
        let storage = ObjectStorage.streaming(objects, hasher, urls)
        let services = UseCases(
            accounts: Accounts(metadata: metadata),
            projects: Projects(metadata: metadata, objects: objects),
            files: Files(metadata: metadata, objects: objects),
            downloads: Downloads(metadata: metadata, storage: storage),
            uploads: Uploads(metadata: metadata, storage: storage, sizing: PartSizing()),
            automations: Automations(metadata: metadata),
            dataPlane: .own(Parts(metadata: metadata, objects: objects, hasher: hasher), urls),
            readiness: Readiness(metadata: metadata, objects: objects)
        )
        let routes = Routes(
            router: Router(context: AppContext.self),
            useCases: services,
            settings: ServerSettings()
        )
        routes.addCalls(services, budget: ReceiveBufferBudget())
        try await objects.shutDown()
        try await metadata.close()
        return Set(routes.methods.flatMap { path, methods in methods.map { "\($0.rawValue) \(path)" } })
    }
}
