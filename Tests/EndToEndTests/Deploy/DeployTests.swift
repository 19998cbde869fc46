import Foundation
import NIOCore
import NIOHTTP1
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Validity of the files in `deploy/`, except `nginx.conf`, which `NginxTests` covers.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DeployTests {
    private static let folder = Places.root.appending("deploy")

    @Test(
        "the systemd units are valid",
        arguments: [
            ("pontoond.service", "pontoond serve"), ("pontoond@.service", "pontoond serve"),
            ("pontoon-watch.service", "pontoon watch"),
        ]
    )
    func units(_ name: String, command: String) async throws {
        try await withTemporaryFolder { folder in
            let text = try String(contentsOfFile: Self.folder.appending(name).string, encoding: .utf8)
            #expect(text.contains("ExecStart=/usr/local/bin/\(command) "))
            // systemd can check a template unit only through an instance.
            let unit = folder.appending(name.replacing("@", with: "@8081"))
            try text.replacing("/usr/local/bin/pontoond", with: Places.pontoond.string)
                .replacing("/usr/local/bin/pontoon ", with: "\(Places.pontoon) ")
                .write(toFile: unit.string, atomically: true, encoding: .utf8)
            let result = try await run(
                .path("/usr/bin/systemd-analyze"),
                arguments: ["verify", unit.string],
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
            #expect(result.standardError == "")
            let ofServer = [
                "Type=notify", "WatchdogSec=30", "#MemoryMax=2G", "ExecReload=/bin/kill -HUP $MAINPID",
                "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX",
            ]
            let ofWatch = ["SuccessExitStatus=130", "StateDirectory=pontoon-watch", "Restart=on-failure"]
            let own = command.hasPrefix("pontoond") ? ofServer : ofWatch
            for line in own + ["StartLimitIntervalSec=0", "LimitCORE=0"] {
                #expect(text.contains("\n\(line)\n"), "\(line)")
            }
        }
    }

    @Test("the drop-in for TLS is valid, and its command starts a server")
    func tlsDropIn() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let pair = try await authority.issue("server")
            let unit = folder.appending("pontoond.service")
            let dropIn = folder.appending("pontoond.service.d/tls.conf")
            try FileManager.default.createDirectory(
                atPath: dropIn.removingLastComponent().string,
                withIntermediateDirectories: false
            )
            for (source, target) in [("pontoond.service", unit), ("pontoond-tls.conf", dropIn)] {
                try String(contentsOfFile: Self.folder.appending(source).string, encoding: .utf8)
                    .replacing("/usr/local/bin/pontoond", with: Places.pontoond.string)
                    .write(toFile: target.string, atomically: true, encoding: .utf8)
            }
            let result = try await run(
                .path("/usr/bin/systemd-analyze"),
                arguments: ["verify", unit.string],
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus == .exited(0) && result.standardError == "", "\(result.standardError)")

            let command = try String(contentsOfFile: dropIn.string, encoding: .utf8)
                .replacing("\\\n", with: " ").split(separator: "\n").last { $0.hasPrefix("ExecStart=/") }
            let arguments = try #require(command).split(separator: " ").dropFirst(2).map { word in
                switch word {
                case "/var/lib/pontoon": folder.appending("data").string
                case "/etc/pontoon/tls/fullchain.pem": pair.certificate.string
                case "/etc/pontoon/tls/privkey.pem": pair.key.string
                default: String(word)
                }
            }
            let check = try await checkConfiguration(arguments)
            #expect(check.status == .exited(0) && check.output.contains("Certificate: valid"), "\(check)")
        }
    }

    @Test("the Caddyfile adds security headers, and leaves the servers' headers unchanged")
    func securityHeaders() async throws {
        try await withServer { server in
            let direct = try await server.api.send(.GET, server.origin + "/", headers: ["Accept": "text/html"])
            try await withCaddy([String(server.origin.dropFirst("http://".count))]) { site in
                let page = try await server.api.send(.GET, site + "/", headers: ["Accept": "text/html"])
                #expect(page.status == 200)
                for name in ["Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"] {
                    #expect(page.headers[name] == direct.headers[name] && page.headers[name].count == 1, "\(name)")
                }
                let index = try await server.api.send(.GET, site + "/v2/")
                for (name, value) in [
                    ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"),
                    ("X-Frame-Options", "SAMEORIGIN"), ("Cross-Origin-Opener-Policy", "same-origin"),
                ] {
                    #expect(index.headers[name] == [value], "\(name)")
                }
                #expect(index.headers["Server"] == [] && index.headers["Strict-Transport-Security"] == [])
            }
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
            import re, sys, yaml
            with open(sys.argv[1], encoding="utf-8") as file:
                text = file.read()
            content = yaml.safe_load(text)
            variables = re.findall(r"[$][{]([A-Z0-9_]+)([^}]*)[}]", text)
            required = {name for name, rest in variables if rest.startswith(":?")}
            assert {"PONTOON_HOST", "PONTOON_TOKEN", "POSTGRES_PASSWORD", "S3_SECRET"} == required, required
            assert all(rest == "" or rest.startswith(":?") for name, rest in variables), "a variable has a default"
            assert set(content) == {"x-server", "services", "volumes"}, content.keys()
            services = content["services"]
            assert set(services) == {"caddy", "pontoon1", "pontoon2", "pontoon3", "postgres", "seaweedfs"}, services
            for name, service in services.items():
                known = {"image", "build", "command", "environment", "volumes", "ports", "restart", "healthcheck",
                         "depends_on", "stop_grace_period", "read_only", "cap_drop", "security_opt"}
                assert set(service) <= known, (name, set(service) - known)
                assert ("image" in service) != ("build" in service), name
                # An exact version, such as caddy:2.11.7.
                assert re.fullmatch(r"[a-z/]+:[0-9]+([.][0-9]+)+", service.get("image", "a:1.0")), service["image"]
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
