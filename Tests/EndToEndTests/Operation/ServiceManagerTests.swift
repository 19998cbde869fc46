import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The states that the server reports to systemd, and its reload after SIGHUP.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ServiceManagerTests {
    @Test("the server reports that it is ready, reloading, alive and stopping")
    func states() async throws {
        try await withTemporaryFolder { folder in
            try await NotifySocket.with(folder.appending("notify")) { manager in
                var options = ServerOptions(data: folder.appending("data"), arguments: ["--drain", "1s"])
                options.environment = ["NOTIFY_SOCKET": folder.appending("notify").string, "WATCHDOG_USEC": "400000"]
                let status = try await withServer(options) { try await checkStates(of: $0, manager) }.status
                #expect(status == .exited(0))
                #expect(manager.received.first { $0 != "WATCHDOG=1" } == "READY=1")
            }
        }
    }

    private func checkStates(of server: ServerProcess, _ manager: NotifySocket) async throws {
        try await manager.waitFor(1, "READY=1")
        try await manager.waitFor(3, "WATCHDOG=1")
        let before = monotonicMicroseconds()
        server.signal(SIGHUP)
        try await manager.waitFor(2, "READY=1")
        let after = monotonicMicroseconds()
        let states = manager.received.filter { $0 != "WATCHDOG=1" }
        try #require(states.count == 3 && states[1].hasPrefix("RELOADING=1\nMONOTONIC_USEC="), "\(states)")
        let time = try #require(Int64(states[1].split(separator: "=")[2]))
        #expect(before <= time && time <= after)
        #expect(try await server.api.call(.GET, "/user").status == 200)
        server.signal(SIGTERM)
        try await manager.waitFor(1, "STOPPING=1")
        // The service manager expects watchdog messages until the process exits.
        let alive = manager.received.count { $0 == "WATCHDOG=1" }
        try await manager.waitFor(alive + 1, "WATCHDOG=1")
    }

    @Test("a server that cannot start reports nothing, and a server without a usable service manager starts")
    func noManager() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            try await NotifySocket.with(folder.appending("notify")) { manager in
                let refused = try await runServer(
                    ["--data", data.string, "--listen", "192.0.2.1:80"],
                    environment: ["NOTIFY_SOCKET": folder.appending("notify").string]
                )
                refused.expectRefusal("'listen'")
                #expect(manager.received == [])
            }
            for socket in ["", "relative", folder.appending("none").string, "/\(String(repeating: "a", count: 200))"] {
                var options = ServerOptions(data: data)
                options.environment = ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "many"]
                try await withServer(options) { server in
                    let response = try await server.api.call(.GET, "/user")
                    #expect(response.status == 200, "\(socket)")
                }
            }
        }
    }

    @Test("SIGHUP applies the log level of the settings file, and reports settings that need a restart")
    func reload() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("settings.yaml")
            @Sendable func write(_ text: String) throws {
                try text.write(toFile: file.string, atomically: true, encoding: .utf8)
            }
            try write("log-level: notice\n")
            let options = ServerOptions(data: folder.appending("data"), arguments: ["--config", file.string])
            try await withServer(options) { server in
                @Sendable func log() throws -> String { try String(contentsOfFile: server.log.string, encoding: .utf8) }
                @Sendable func reload(_ text: String, _ count: Int) async throws {
                    try write(text)
                    server.signal(SIGHUP)
                    try await eventually("the reload ends") {
                        try log().split(separator: " reload finished").count > count
                    }
                }
                _ = try await server.api.call(.GET, "/user")
                #expect(try !log().contains("route=/v2/user"))
                try await reload("log-level: info\nurl-lifetime: 2h\n", 1)
                #expect(try log().contains("changed settings need a restart"))
                #expect(try log().contains("url-lifetime"))
                _ = try await server.api.call(.GET, "/user")
                try await eventually("requests are logged") { try log().contains("route=/v2/user") }
                try await reload("log-level: loud\n", 2)
                #expect(try log().contains("reload failed"))
                #expect(try log().contains("'loud'"))
                let response = try await server.api.call(.GET, "/user")
                #expect(response.status == 200)
            }
        }
    }

    private func monotonicMicroseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
