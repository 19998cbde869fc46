import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Sources of settings, and rejection of invalid values.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct SettingsTests {
    /// Determines the setting in effect by requesting a part size below the minimum.
    @Test("flags override the environment, which overrides the file")
    func order() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("settings.yaml")
            try "min-part-size: 3MiB\nlog-level: error\n".write(toFile: file.string, atomically: true, encoding: .utf8)
            var options = ServerOptions(data: folder.appending("data"))
            try await expectMinimum(5 << 20, options)
            options.arguments = ["--config", file.string]
            try await expectMinimum(3 << 20, options)
            options.environment = ["PONTOON_MIN_PART_SIZE": "2MiB"]
            try await expectMinimum(2 << 20, options)
            options.arguments += ["--min-part-size", "1MiB"]
            try await expectMinimum(1 << 20, options)
            options.arguments = []
            options.environment = ["PONTOON_CONFIG": file.string]
            try await expectMinimum(3 << 20, options)
        }
    }

    private func expectMinimum(_ minimum: Int, _ options: ServerOptions) async throws {
        try await withServer(options) { server in
            for (requested, granted) in [(minimum, minimum), (minimum - 1, 32 << 20)] {
                let body: JSONValue = [
                    "project": "admin/uploads", "name": "a", "part_size": .integer(Int64(requested)),
                ]
                let response = try await server.api.call(.POST, "/upload/multipart", body)
                #expect(response["part_size"] == .integer(Int64(granted)), "minimum \(minimum), requested \(requested)")
            }
        }
    }

    /// Flag, invalid value, and part of the description of allowed values in the error.
    static let badValues: [(flag: String, value: String, allowed: String)] = [
        ("listen", "127.0.0.1", "HOST:PORT"), ("listen", "127.0.0.1:65536", "65535"), ("listen", ":8080", "host"),
        ("listen", "unix:", "unix:PATH"), ("socket-mode", "888", "octal mode"), ("socket-mode", "1777", "0 to 777"),
        ("redirect-listen", "127.0.0.1:0", "from 1 to 65535"), ("redirect-listen", "unix:/a", "HOST:PORT"),
        ("read-only", "1", "true, false"),
        ("public-url", "ftp://example.org", "http"), ("public-url", "example.org", "http"),
        ("allowed-hosts", "a,", "separated by commas"), ("allowed-hosts", "a:80", "without ports"),
        ("console", "yes", "true, false"), ("allow-origin", "https://a.example/", "without paths"),
        ("allow-origin", "*,https://a.example", "separated by commas"),
        ("url-lifetime", "0s", "1s to 7d"), ("url-lifetime", "8d", "1s to 7d"), ("url-lifetime", "1 h", "such as 90s"),
        ("upload-lifetime", "7", "1s to 10000d"), ("key-lifetime", "soon", "1s to 10000d"),
        ("min-part-size", "0", "from 1 to 5GiB"), ("min-part-size", "6GiB", "5GiB"),
        ("durability", "none", "power, os"), ("direct-io", "on", "auto, off"),
        ("reserved-space", "1XB", "such as 5MiB"), ("grace", "2d", "0s to 1d"),
        ("drain", "2h", "0s to 1h"), ("lease-duration", "1s", "3s to 1h"),
        ("max-uploads-per-user", "0", "from 1 to 1000000"), ("max-projects-per-user", "x", "from 1 to 1000000"),
        ("max-tokens-per-user", "-1", "from 1 to 1000000"), ("user-quota", "-1", "such as 5TiB"),
        ("user-quota", "unlimited", "none or a size"), ("project-quota", "2000000TiB", "0 to 1048576TiB"),
        ("reservation-lifetime", "0s", "1s to 10000d"), ("max-connections", "0", "from 1 to 1000000"),
        ("max-connections-per-address", "1000001", "from 1 to 1000000"),
        ("scrub-interval", "1m", "1h to 10000d"), ("scrub-rate", "2TiB", "1TiB"),
        ("event-retention", "off", "0s to 10000d"),
        ("validate-command", "true", "absolute path"), ("hook-command", "bin/true", "absolute path"),
        ("validate-timeout", "0s", "1s to 1d"), ("hook-timeout", "8d", "1s to 7d"),
        ("hook-concurrency", "0", "from 1 to 256"),
        ("webhook-allow", "10.0.0.1/8", "networks such as"),
        ("request-timeout", "0s", "1s to 1h"), ("max-file-put", "2GiB", "1KiB to 1GiB"),
        ("min-part-rate", "2GiB", "1GiB"),
        ("idle-timeout", "0s", "1s to 1d"), ("max-body-size", "1000", "from 1KiB"),
        ("max-header-size", "1MiB", "64KiB"), ("disk-threads", "0", "from 1 to 1024"),
        ("disk-threads", "99999999999999999999", "from 1 to 1024"), ("trust-forwarded-proto", "yes", "true, false"),
        ("rate-limit", "many", "1000/5m"), ("rate-limit", "1000", "1000/5m"), ("rate-limit", "0/5m", "1000/5m"),
        ("rate-limit", "-1/5m", "1000/5m"), ("rate-limit", "1e3/5m", "1000/5m"), ("rate-limit", "10/0s", "1000/5m"),
        ("rate-limit", "10/2d", "1000/5m"), ("rate-limit", "10/5", "1000/5m"), ("rate-limit", "10/5m/1s", "1000/5m"),
        ("rate-limit", "1000000001/5m", "1000/5m"), ("rate-limit", "/", "1000/5m"),
        ("log-format", "xml", "text, json"), ("slow-request", "2d", "0s to 1d"),
        ("slow-request", "fast", "such as 90s"),
        ("metrics-listen", "9090", "HOST:PORT"), ("metrics-listen", "unix:/run/metrics", "HOST:PORT"),
        ("audit-log-size", "2048TiB", "1TiB"),
        ("failed-authentication-limit", "many", "1000/5m"), ("failed-authentication-limit", "0/5m", "1000/5m"),
        ("log-level", "loud", "trace, debug, info, notice, warning, error, critical"),
    ]

    @Test(
        "an invalid value from any source is rejected, and the error names the setting and the allowed values",
        arguments: badValues
    )
    func badValue(flag: String, value: String, allowed: String) async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let file = folder.appending("settings.yaml")
            try "\(flag): \"\(value)\"\n".write(toFile: file.string, atomically: true, encoding: .utf8)
            let variable = "PONTOON_" + flag.uppercased().replacing("-", with: "_")
            let base = ["--data", data.string]
            for refused in [
                try await runServer(base + ["--\(flag)=\(value)"]),
                try await runServer(base, environment: [variable: value]),
                try await runServer(base + ["--config", file.string]),
            ] {
                refused.expectRefusal("'\(flag)'", "'\(value)'", allowed)
            }
            #expect(!FileManager.default.fileExists(atPath: data.string), "the data directory was created")
        }
    }

    @Test("variables that Kubernetes and Docker set for a service named 'pontoon' are ignored")
    func serviceLinks() async throws {
        let links = [
            "PONTOON_PORT": "tcp://10.0.0.9:8080", "PONTOON_SERVICE_HOST": "10.0.0.9", "PONTOON_SERVICE_PORT": "8080",
            "PONTOON_SERVICE_PORT_HTTP": "8080", "PONTOON_PORT_8080_TCP": "tcp://10.0.0.9:8080",
            "PONTOON_PORT_8080_TCP_PROTO": "tcp", "PONTOON_PORT_8080_TCP_PORT": "8080",
            "PONTOON_PORT_8080_TCP_ADDR": "10.0.0.9", "PONTOON_PORT_53_UDP": "udp://10.0.0.9:53",
        ]
        try await withTemporaryFolder { folder in
            var options = ServerOptions(data: folder.appending("data"))
            options.environment = links
            try await withServer(options) { server in
                let response = try await server.api.call(.GET, "/user")
                #expect(response.status == 200)
            }
            for name in ["PONTOON_PORTS", "PONTOON_PORT_X_TCP", "PONTOON_SERVICE", "PONTOON_PORT_80"] {
                let base = ["--data", folder.appending("other").string]
                try await runServer(base, environment: [name: "1"]).expectRefusal("'\(name)'", "--help")
            }
            // The variables of a service with another name, such as 'pontoon-web', are refused.
            for name in ["PONTOON_WEB_PORT", "PONTOON_WEB_SERVICE_HOST", "PONTOON_WEB_PORT_80_TCP_ADDR"] {
                let base = ["--data", folder.appending("other").string]
                try await runServer(base, environment: [name: "1"])
                    .expectRefusal("'\(name)'", "set enableServiceLinks: false")
            }
        }
    }

    @Test("'token create' enforces the limit on tokens")
    func tokenLimit() async throws {
        try await withServer { server in
            let result = try await run(
                .path(Places.pontoond),
                arguments: ["token", "create", "admin", "--data", server.data.string],
                environment: .inherit.updating(["PONTOON_MAX_TOKENS_PER_USER": "1"]),
                output: .discarded,
                error: .string(limit: 1 << 20)
            )
            #expect(!result.terminationStatus.isSuccess && result.standardError.contains("token"), "\(result)")
        }
    }

    @Test("an unknown setting from any source is rejected")
    func unknownNames() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let base = ["--data", data.string]
            let flag = try await runServer(base + ["--min-part-sise", "1"])
            #expect(flag.status == .exited(64) && flag.errors.contains("--min-part-sise"), "\(flag.errors)")
            try await runServer(base, environment: ["PONTOON_GRACEE": "1s"]).expectRefusal("PONTOON_GRACEE", "--help")
            for (text, named) in [
                ("gracee: 1s\n", "'gracee'"),
                ("bootstrap-token: 7c5e0a9f3b61d84e2fa7103cc9d6b58e\n", "'bootstrap-token'"),
                ("config: other.yaml\n", "'config'"), ("grace: [1s]\n", "'grace'"), ("- grace\n", "settings.yaml"),
                ("grace: 1s: 2s\n", "not valid YAML"),
            ] {
                let file = folder.appending("settings.yaml")
                try text.write(toFile: file.string, atomically: true, encoding: .utf8)
                try await runServer(base + ["--config", file.string]).expectRefusal(named)
            }
            try await runServer(base + ["--config", folder.appending("none.yaml").string]).expectRefusal("none.yaml")
            #expect(!FileManager.default.fileExists(atPath: data.string), "the data directory was created")
        }
    }

    @Test("an unusable listen address is rejected, and the error names it")
    func portInUse() async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                let data = folder.appending("data").string
                let address = String(server.origin.dropFirst("http://".count))
                for address in [address, "192.0.2.1:80", "no-such-host.invalid:80"] {
                    try await runServer(["--data", data, "--listen", address]).expectRefusal("'listen'", address)
                }
                #expect(try await server.api.call(.GET, "/user").status == 200)
            }
        }
    }

    @Test("an unusable data directory is rejected, and the error names it")
    func unusableData() async throws {
        try await withSmallDisk("size=1m,ro") { disk in
            let file = disk.removingLastComponent().appending("file")
            try "".write(toFile: file.string, atomically: true, encoding: .utf8)
            for data in [disk, disk.appending("data"), file, file.appending("data"), FilePath("/proc/data")] {
                let refused = try await runServer(["--data", data.string, "--listen", "127.0.0.1:0"])
                refused.expectRefusal("'data'", data.string)
                #expect(!refused.errors.contains("Error Domain") && !refused.errors.contains("Cocoa"))
            }
        }
    }

    @Test("help lists every setting")
    func help() async throws {
        let result = try await run(
            .path(Places.pontoond),
            arguments: ["serve", "--help"],
            output: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus == .exited(0))
        let flags = Set(
            Self.badValues.map { "--\($0.flag) <" }
                + ["--data <", "--metadata <", "--objects <", "--config <", "PONTOON_BOOTSTRAP_TOKEN"]
                + ["--tls-certificate <", "--tls-key <", "--tls-client-ca <", "--audit-log <"]
        )
        for flag in flags { #expect(result.standardOutput.contains(flag)) }
        let listed = result.standardOutput.split(separator: "\n")
            .filter { $0.hasPrefix("  --") && !$0.hasPrefix("  --check-config") && !$0.hasPrefix("  --version") }
        #expect(listed.count == flags.count - 1, "a setting without a row in this test: \(listed)")
        for line in listed { #expect(line.contains("<"), "\(line)") }
    }
}
