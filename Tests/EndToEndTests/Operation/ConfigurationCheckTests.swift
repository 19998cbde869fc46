import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// `pontoond serve --check-config`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct ConfigurationCheckTests {
    @Test("before the first start, the check passes and creates nothing")
    func newServer() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let result = try await checkConfiguration(["--data", data.string])
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(result.output.contains("the first start creates it"), "\(result)")
            #expect(result.output.hasSuffix("The configuration is valid.\n"), "\(result)")
            #expect(!FileManager.default.fileExists(atPath: data.string))
        }
    }

    @Test("the check passes while the server runs, on every combination of stores", arguments: StoreChoice.allCases)
    func runningServer(_ choice: StoreChoice) async throws {
        try await withServer(on: choice) { server in
            let result = try await runServer(
                ["--check-config", "--data", server.data.string],
                environment: server.stores.environment
            )
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
            #expect(result.output.contains("it matches the object store"), "\(result)")
        }
    }

    @Test("an invalid setting, an unusable store or the objects of another database fail the check")
    func problems() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            try await withServer(ServerOptions(data: data)) { _ in }
            let damaged = folder.appending("damaged")
            try FileManager.default.createDirectory(atPath: damaged.string, withIntermediateDirectories: false)
            let noise = Data(pseudoRandomBytes(seed: 1, count: 100_000).readableBytesView)
            try noise.write(to: URL(filePath: damaged.appending("pontoon.sqlite").string))
            for (arguments, problem) in [
                (["--data", data.string, "--grace", "soon"], "'grace'"),
                (["--data", damaged.string], "pontoon.sqlite"),
                (["--data", "/proc/1"], "'data'"),
                (["--data", data.string, "--metadata", "postgres://u@127.0.0.1:1/d"], "'metadata'"),
                (["--data", data.string, "--config", "/nowhere.yaml"], "/nowhere.yaml"),
                (["--data", data.string, "--listen", "unix:/nowhere/socket"], "/nowhere"),
                (["--data", data.string, "--audit-log", "/nowhere/audit.log"], "/nowhere"),
                (["--data", "/etc/passwd/data"], "'data'"),
                (
                    ["--data", data.string, "--listen", "127.0.0.1:4000", "--metrics-listen", "127.0.0.1:4000"],
                    "another listener"
                ),
            ] {
                let result = try await checkConfiguration(arguments)
                #expect(result.status == .exited(1) && result.errors.contains(problem), "\(arguments): \(result)")
                #expect(!result.output.contains("valid"), "\(result)")
            }
            let database = data.appending("pontoon.sqlite").string
            _ = try await withServer(ServerOptions(data: data)) { server in
                _ = try await server.api.upload("file", ByteBuffer(string: "content"))
            }
            try FileManager.default.moveItem(atPath: database, toPath: database + ".moved")
            let withoutDatabase = try await checkConfiguration(["--data", data.string])
            #expect(withoutDatabase.status == .exited(1), "\(withoutDatabase)")
            #expect(withoutDatabase.errors.contains("contains files but no database"), "\(withoutDatabase)")
            try FileManager.default.moveItem(atPath: database + ".moved", toPath: database)
            try FileManager.default.removeItem(atPath: data.appending("objects").string)
            let withoutObjects = try await checkConfiguration(["--data", data.string])
            #expect(withoutObjects.status == .exited(1), "\(withoutObjects)")
            #expect(withoutObjects.errors.contains("objects"), "\(withoutObjects)")
        }
    }

    @Test(
        "if the data directory cannot be read, the error reports this instead of a missing database",
        arguments: [["serve", "--check-config"], ["user", "list"], ["check"]]
    )
    func forbiddenDirectory(command: [String]) async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            try await withServer(ServerOptions(data: data)) { _ in }
            // The directory belongs to another user, and the program runs without root's right to read all files.
            try #require(chown(data.string, 65534, 65534) == 0)
            let program = ["--bounding-set=-dac_override,-dac_read_search", Places.pontoond.string]
            let result = try await run(
                .name("setpriv"),
                arguments: Arguments(program + command + ["--data", data.string]),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(!result.terminationStatus.isSuccess)
            let message = "Permission denied; run the program as root or as the user that runs the server"
            #expect(result.standardError.contains(message), "\(result.standardError)")
        }
    }
}
