import Foundation
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Validity of the files in `deploy/`; `ChaosTests` also runs the Caddyfile.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DeployTests {
    private static let folder = Places.root.appending("deploy")

    @Test("the systemd units are valid", arguments: ["pontoond.service", "pontoond@.service"])
    func units(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let text = try String(contentsOfFile: Self.folder.appending(name).string, encoding: .utf8)
            #expect(text.contains("ExecStart=/usr/local/bin/pontoond serve "))
            // A template is checked through an instance.
            let unit = folder.appending(name.replacing("@", with: "@8081"))
            try text.replacing("/usr/local/bin/pontoond", with: Places.pontoond.string)
                .write(toFile: unit.string, atomically: true, encoding: .utf8)
            let result = try await run(
                .path("/usr/bin/systemd-analyze"),
                arguments: ["verify", unit.string],
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
            #expect(result.standardError == "")
        }
    }

    @Test("the Caddyfile is valid")
    func proxy() async throws {
        let result = try await run(
            .path(Places.root.appending(".venv/bin/caddy")),
            arguments: [
                "validate", "--adapter", "caddyfile", "--config", Self.folder.appending("Caddyfile").string,
            ],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
        #expect(!result.standardError.contains("\"level\":\"warn\""), "\(result.standardError)")
    }

    @Test("the compose file lists the expected services and uses only existing settings")
    func compose() async throws {
        let script = """
            import sys, yaml
            with open(sys.argv[1], encoding="utf-8") as file:
                content = yaml.safe_load(file)
            assert set(content) == {"x-server", "services", "volumes"}, content.keys()
            services = content["services"]
            assert set(services) == {"caddy", "pontoon1", "pontoon2", "pontoon3", "postgres", "seaweedfs"}, services
            for name, service in services.items():
                known = {"image", "build", "command", "environment", "volumes", "ports", "restart", "healthcheck",
                         "depends_on", "stop_grace_period", "read_only", "cap_drop", "security_opt"}
                assert set(service) <= known, (name, set(service) - known)
                assert ("image" in service) != ("build" in service), name
                for other, wait in service.get("depends_on", {}).items():
                    assert wait == {"condition": "service_healthy"} and "healthcheck" in services[other], name
            print(*(name for name in services["pontoon1"]["environment"] if name.startswith("PONTOON_")))
            """
        let result = try await run(
            .path(Places.python),
            arguments: ["-c", script, Self.folder.appending("compose.yaml").string],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
        let help = try await run(
            .path(Places.pontoond),
            arguments: ["serve", "--help"],
            output: .string(limit: 1 << 20)
        )
        for name in result.standardOutput.split(whereSeparator: \.isWhitespace) {
            let flag = "--" + name.dropFirst("PONTOON_".count).lowercased().replacing("_", with: "-") + " <"
            let isKnown = help.standardOutput.contains(flag) || help.standardOutput.contains(name)
            #expect(isKnown, "\(name)")
        }
    }
}
