import CoreMetrics
import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonServer
import PontoonTesting
import Testing

@testable import PontoonApp

/// Values, format and documentation of the metrics.
@Suite(.timeLimit(.minutes(10)))
struct MetricsTests {
    @Test("requests are counted and timed by route pattern and status, never by path")
    func requests() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a")
            _ = try await server.api.call(.GET, "/files/\(file)")
            _ = try await server.api.call(.GET, "/files/\(file)")
            _ = try await server.api.call(.GET, "/files/0123456789abcdef01234567")
            _ = try await server.api.send(.GET, server.origin + "/etc/passwd")
            for method in ["PROPFIND", "MKCOL", "PROPFIND"] {
                _ = try await server.api.send(HTTPMethod(rawValue: method), server.origin + "/v2/user")
            }
            let text = try server.metrics()
            for line in [
                "pontoon_http_requests_total{method=\"GET\",route=\"/v2/files/{file_id}\",status=\"200\"} 2",
                "pontoon_http_requests_total{method=\"GET\",route=\"/v2/files/{file_id}\",status=\"404\"} 1",
                "pontoon_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
                "pontoon_http_request_duration_seconds_count{method=\"GET\",route=\"/v2/files/{file_id}\"} 3",
                "pontoon_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v2/files/{file_id}\",le=\"+Inf\"} 3",
                "pontoon_http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"} 3",
            ] {
                let isExported = text.contains("\n\(line)\n")
                #expect(isExported, "\(line)")
            }
            let namesPath = [file, "passwd", "PROPFIND"].contains { text.contains($0) }
            #expect(!namesPath)
        }
    }

    @Test("bytes of parts, downloads and JSON bodies are counted, and so are downloads when they end")
    func bytes() async throws {
        try await withTestServer(.live) { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 3 << 20)
            let file = try await server.api.upload("a", bytes)
            #expect(try await server.api.download(file) == bytes)
            try await eventually("the download is counted") {
                try server.metrics().contains("route=\"/storage/files/{file_id}\",status=\"200\"} 1")
            }
            let text = try server.metrics()
            for name in ["pontoon_received_bytes_total", "pontoon_sent_bytes_total"] {
                let value = try #require(Self.value(name, in: text))
                #expect(value > 3_145_728 && value < 3_245_728, "\(name): \(value)")
            }
        }
    }

    @Test("open connections, failed authentications and slow requests are counted")
    func connections() async throws {
        try await withTestServer(.live) { server in
            _ = try await server.client(token: "unknown").call(.GET, "/user")
            _ = try await server.exchange("GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let text = try server.metrics()
            #expect(Self.value("pontoon_failed_authentications_total", in: text) == 1)
            #expect(Self.value("pontoon_slow_requests_total", in: text) == 0)
            #expect(try #require(Self.value("pontoon_open_connections", in: text)) >= 1)
            #expect(try #require(Self.value("pontoon_max_connections", in: text)) > 100)
            let labels = "version=\"\(Build.version)\",commit=\"\(Build.commit)\",swift=\"\(Build.swift)\""
            #expect(text.contains("\npontoon_build_info{\(labels)} 1\n"), "\(text)")
        }
    }

    @Test("the totals of the stores equal the totals in the database, and commits are counted by size")
    func stores() async throws {
        try await withTestServer { server in
            let metrics = try #require(server.app.metrics)
            metrics.collect(server.app.stores, readiness: server.app.useCases.readiness, settings: server.app.settings)
            let service = StoreMetricsService(
                metadata: server.app.stores.metadata,
                disk: nil,
                logger: server.app.logger
            )
            metrics.registry.collect { service.samples() }
            #expect(try !server.metrics().contains("pontoon_stored_bytes"))
            for name in ["a", "b"] { _ = try await server.api.uploadSmall(name, "1234567") }
            _ = try await server.api.initialize("open", size: 1000)
            _ = try await server.api.initialize("unknown size", size: nil)
            await service.count()
            let text = try server.metrics()
            let expected: [String: Double] = [
                "pontoon_stored_bytes": 14, "pontoon_stored_objects": 2, "pontoon_open_uploads": 2,
                "pontoon_open_upload_declared_bytes": 1000, "pontoon_open_upload_reserved_bytes": 1000,
                "pontoon_discarded_objects": 0,
                "pontoon_database_waiting": 0, "pontoon_database_connections": 0,
            ]
            for (name, value) in expected { #expect(Self.value(name, in: text) == value, "\(name)") }
            for (type, count) in [("file.created", 2), ("upload.completed", 2), ("file.deleted", 0)] {
                #expect(text.contains("\npontoon_events_recorded_total{type=\"\(type)\"} \(count)\n"), "\(type)")
            }
            #expect(Self.value("pontoon_events_deleted_total", in: text) == 0)
            server.clock.advance(by: server.app.settings.eventRetention + .seconds(60))
            _ = await server.runMaintenance()
            let later = try server.metrics()
            #expect(try #require(Self.value("pontoon_events_deleted_total", in: later)) >= 4)
            let commits = try #require(Self.value("pontoon_database_commit_writes_count", in: text))
            let writes = try #require(Self.value("pontoon_database_commit_writes_sum", in: text))
            #expect(commits > 5 && writes >= commits)
        }
    }

    @Test("a histogram's buckets are cumulative and include their upper bound")
    func histogram() {
        let handler = HistogramHandler(buckets: [0.5, 1])
        for milliseconds in [500, 501, 1000, 2000] as [Int64] { handler.recordNanoseconds(milliseconds * 1_000_000) }
        handler.recordNanoseconds(-1)
        var text = MetricsText()
        let definition = MetricDefinition.histogram("h", labels: ["l"], buckets: [0.5, 1], "Help.")
        text.append(definition, [(["v"], handler.value)])
        #expect(
            text.text == """
                # HELP h Help.
                # TYPE h histogram
                h_bucket{l="v",le="0.5"} 2
                h_bucket{l="v",le="1"} 4
                h_bucket{l="v",le="+Inf"} 5
                h_sum{l="v"} 4.001
                h_count{l="v"} 5

                """
        )
    }

    @Test("label values are escaped")
    func escaping() {
        var text = MetricsText()
        text.append(.counter("c_total", labels: ["l"], "Help\nwith \\."), [(["a\"b\\c\nd"], .number(1))])
        #expect(
            text.text == """
                # HELP c_total Help\\nwith \\\\.
                # TYPE c_total counter
                c_total{l="a\\"b\\\\c\\nd"} 1

                """
        )
    }

    @Test("metrics with other names or labels are not exported, and the number of series is limited")
    func bounds() {
        let registry = MetricsRegistry()
        Counter(label: "other_total", factory: registry).increment()
        Counter(label: "pontoon_sent_bytes_total", dimensions: [("file", "a")], factory: registry).increment()
        Gauge(label: "pontoon_sent_bytes_total", factory: registry).record(5)
        #expect(registry.text == "")
        for number in 0..<(MetricDefinition.maximumSeries + 10) {
            Counter(label: "pontoon_store_errors_total", dimensions: [("kind", "\(number)")], factory: registry)
                .increment()
        }
        let lines = registry.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == MetricDefinition.maximumSeries)
    }

    @Test("gauges count up and down from several threads, and counters never go down")
    func handlers() async {
        let (gauge, counter) = (GaugeHandler(), CountingHandler())
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        gauge.increment(by: 2)
                        gauge.decrement(by: 1)
                        counter.increment(by: 1)
                        counter.increment(by: -5)
                    }
                }
            }
        }
        for value in [gauge.value, counter.value] {
            guard case .number(let number) = value else { return #expect(Bool(false)) }
            #expect(number == 8000)
        }
    }

    @Test("docs/monitoring.md lists every metric with its type, labels and meaning")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/monitoring.md"), encoding: .utf8)
        for metric in MetricList.all {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            let scope = metric.scope == .server ? "server" : "stores"
            let row = "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(scope) | \(metric.help) |"
            #expect(page.contains(row), "\(row)")
        }
        for action in AuditAction.allCases { #expect(page.contains("| `\(action.rawValue)` |"), "\(action)") }
    }

    /// Returns the value of a metric without labels.
    private static func value(_ name: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}
