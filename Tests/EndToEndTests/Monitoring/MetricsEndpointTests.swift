import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The metrics over HTTP, and the dashboard and alerts that use them.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct MetricsEndpointTests {
    private static let folder = Places.root.appending("deploy/monitoring")

    @Test(
        "promtool accepts the metrics, which include every metric that the dashboard and the alerts use",
        arguments: [StoreChoice.sqliteAndDisk, .postgreSQLAndDisk]
    )
    func endpoint(_ choice: StoreChoice) async throws {
        let stores = try await TestStores(choice)
        try await withTemporaryFolder { folder in
            var options = ServerOptions(data: folder.appending("data"), stores: stores)
            options.arguments = [
                "--metrics-listen", "127.0.0.1:0", "--log-level", "info",
                "--audit-log", folder.appending("audit.log").string,
            ]
            try await withServer(options) { server in
                let file = try await server.api.upload("a", pseudoRandomBytes(seed: 1, count: 1 << 20))
                _ = try await server.api.download(file)
                let url = try await metricsURL(server)
                try await eventually("the totals are counted") {
                    try await Self.metrics(url).contains("\npontoon_stored_bytes ")
                }
                let text = try await Self.metrics(url)
                let checked = try await Self.promtool(["check", "metrics"], input: text)
                #expect(checked == "", "\(checked)")
                let exported = Set(
                    text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
                )
                let expressions = try Self.dashboard() + Self.alerts()
                #expect(expressions.count > 40)
                for expression in expressions {
                    let names = Self.metricNames(in: expression)
                    #expect(!names.isEmpty, "\(expression)")
                    for name in names where name != "up" {
                        let base = name.replacing(/_(bucket|sum|count)$/, with: "")
                        // Only SQLite has this histogram. With PostgreSQL, each write is one commit.
                        if choice.usesPostgreSQL, base == "pontoon_database_commit_writes" { continue }
                        let isExported = exported.contains(name[...]) || exported.contains(base[...])
                        #expect(isExported, "\(name) of \(expression)")
                    }
                }
                #expect(!text.contains(server.token) && !text.contains(file))
            }
        }
    }

    @Test("only /metrics is served, without a token, and not at the address of the API")
    func address() async throws {
        try await withServer(arguments: ["--metrics-listen", "127.0.0.1:0", "--log-level", "info"]) { server in
            let url = try await metricsURL(server)
            let response = try await server.api.send(.GET, url)
            #expect(response.status == 200)
            #expect(response.headers["Content-Type"] == ["text/plain; version=0.0.4; charset=utf-8"])
            let head = try await server.api.send(.HEAD, url)
            #expect(head.status == 200 && head.headers["Content-Type"] == response.headers["Content-Type"])
            #expect(head.body.readableBytes == 0)
            for path in ["/", "/v2/user", "/metrics/x"] {
                let other = url.replacing("/metrics", with: path)
                #expect(try await server.api.send(.GET, other).status == 404, "\(path)")
            }
            #expect(try await server.api.send(.GET, server.origin + "/metrics").status == 404)
            let taken = try #require(URL(string: url)?.port)
            let arguments = ["--data", server.data.string + "2", "--listen", "127.0.0.1:0"]
            let refused = try await runServer(arguments + ["--metrics-listen", "127.0.0.1:\(taken)"])
            #expect(refused.status == .exited(1))
            let problem = "setting 'metrics-listen': cannot listen on 127.0.0.1:\(taken)"
            #expect(refused.errors.contains(problem), "\(refused.errors)")
        }
    }

    @Test("the expressions of the dashboard, the alerts and their tests are valid")
    func rules() async throws {
        let tested = try await Self.promtool(["test", "rules", Self.folder.appending("alerts_test.yml").string])
        #expect(tested.contains("SUCCESS"))
        _ = try await Self.promtool(["check", "config", Self.folder.appending("prometheus.yml").string])
        let rules = try Self.dashboard().enumerated().map { index, expression in
            let expression = expression.replacing("$instance", with: "a").replacing("$__rate_interval", with: "1m")
            return "      - {record: 'r\(index)', expr: '\(expression)'}\n"
        }
        try await withTemporaryFolder { folder in
            let file = folder.appending("rules.yml").string
            let text = "groups:\n  - name: a\n    rules:\n\(rules.joined())"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            _ = try await Self.promtool(["check", "rules", file])
        }
        let alerts = try String(contentsOfFile: Self.folder.appending("alerts.yml").string, encoding: .utf8)
        let tests = try String(contentsOfFile: Self.folder.appending("alerts_test.yml").string, encoding: .utf8)
        let page = try String(contentsOfFile: Places.root.appending("docs/monitoring.md").string, encoding: .utf8)
        for alert in alerts.matches(of: /- alert: (\w+)/).map(\.output.1) {
            #expect(tests.contains("alertname: \(alert)"), "\(alert) has no test")
            #expect(page.contains("| `\(alert)` |"), "\(alert) is not documented")
        }
    }

    private static func metrics(_ url: String) async throws -> String {
        try await APIClient(origin: "", token: nil).send(.GET, url).bodyText
    }

    /// Runs promtool.
    ///
    /// - Returns: Its output.
    private static func promtool(_ arguments: [String], input: String = "") async throws -> String {
        let result = try await run(
            .name("promtool"),
            arguments: Arguments(arguments),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(
            result.terminationStatus.isSuccess,
            "\(arguments): \(result.standardOutput)\(result.standardError)"
        )
        return result.standardOutput + result.standardError
    }

    /// Returns the expressions of the dashboard's panels.
    private static func dashboard() throws -> [String] {
        let text = try String(contentsOfFile: folder.appending("grafana-dashboard.json").string, encoding: .utf8)
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        return expressions(in: json)
    }

    private static func expressions(in value: JSONValue) -> [String] {
        switch value {
        case .object(let fields):
            fields.flatMap { name, value in
                if name == "expr", case .string(let expression) = value { return [expression] }
                return expressions(in: value)
            }
        case .array(let values): values.flatMap { expressions(in: $0) }
        default: []
        }
    }

    /// Returns the lines of `alerts.yml` that contain metric names.
    private static func alerts() throws -> [String] {
        let text = try String(contentsOfFile: folder.appending("alerts.yml").string, encoding: .utf8)
        return text.split(separator: "\n").map(String.init).filter { !metricNames(in: $0).isEmpty }
    }

    private static func metricNames(in expression: String) -> [String] {
        expression.matches(of: /\b(pontoon|process)_[a-z_]+|\bup(?=\{)/).map { String($0.output.0) }
    }
}

/// Waits until a server's log contains the address of its metrics, and returns their URL.
func metricsURL(_ server: ServerProcess) async throws -> String {
    var url: String?
    try await eventually("the metrics are available") {
        let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
        url = log.firstMatch(of: /address=(127\.0\.0\.1:\d+)/).map { "http://\($0.output.1)/metrics" }
        return url != nil
    }
    return try #require(url)
}
