import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

extension Places {
    /// The client under test: the release build, unless `TEST_PONTOON` names another binary.
    static let pontoon =
        ProcessInfo.processInfo.environment["TEST_PONTOON"].map { FilePath($0) }
        ?? root.appending(".build/release/pontoon")
}

/// An event: one line of the output with `--json`.
struct PontoonEvent: Sendable, CustomStringConvertible {
    let fields: [String: JSONValue]
    let description: String

    init?(_ line: some StringProtocol) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8)),
            case .object(let fields) = value
        else { return nil }
        self.fields = fields
        description = String(line)
    }

    /// The kind of event, such as `part`; empty if there is none.
    var kind: String { text("event") ?? "" }
    func text(_ name: String) -> String? {
        guard case .string(let text) = fields[name] else { return nil }
        return text
    }
    func number(_ name: String) -> Int64? { fields[name]?.integer }
}

/// The exit status and the output of a run of the client.
struct PontoonRun: Sendable, CustomStringConvertible {
    let status: TerminationStatus
    let events: [PontoonEvent]
    let output: String
    let errors: String

    /// The exit code; `nil` if a signal terminated the process.
    var code: Int? {
        guard case .exited(let code) = status else { return nil }
        return Int(code)
    }
    /// Returns the events of one kind.
    func all(_ kind: String) -> [PontoonEvent] { events.filter { $0.kind == kind } }
    /// Numbers of the parts that were stored.
    var parts: [Int64] { all("part").compactMap { $0.number("part_number") } }
    var description: String { "\(status)\n\(output)\n\(errors)" }
}

/// Environment of a client: its home and state directories, and its server.
struct PontoonUser: Sendable {
    let folder: FilePath
    var endpoint: String
    var token: String
    var environment: [String: String] = [:]
    /// Command that runs the client, such as `faketime -f +1h`; empty to run it directly.
    var wrapper: [String] = []

    /// Uses `folder` as the home directory, and its subfolder `state` as the state directory.
    init(_ folder: FilePath, _ server: ServerProcess) {
        self.folder = folder
        endpoint = server.endpoint
        token = server.token
    }

    /// Environment variables of the client, without this machine's proxies, because the servers under test are local.
    private var variables: Environment {
        let own: [String: String?] = [
            "HOME": folder.string, "XDG_STATE_HOME": folder.appending("state").string, "SB_API_ENDPOINT": endpoint,
            "SB_AUTH_TOKEN": token, "HTTPS_PROXY": nil, "HTTP_PROXY": nil, "ALL_PROXY": nil, "https_proxy": nil,
            "http_proxy": nil, "all_proxy": nil, "SSL_CERT_FILE": nil,
        ]
        let all = own.merging(environment.mapValues { $0 as String? }) { _, given in given }
        return .inherit.updating(Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0), $1) }))
    }

    /// Runs a command until it exits.
    ///
    /// `watch` receives each `--json` event as it is printed, with the process id of the client or its wrapper.
    /// `input` is the standard input.
    ///
    /// - Returns: The exit status and the output. A failure of the command is not an error.
    /// - Throws: The error of `watch`, or an error if the command cannot be run.
    func run(
        _ arguments: [String],
        input: String = "",
        watch: @escaping @Sendable (PontoonEvent, pid_t) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        let errors = folder.appending("errors-\(UUID().uuidString)")
        let errorFile = try FileDescriptor.open(
            errors,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        let command = wrapper + [Places.pontoon.string] + arguments
        let result = try await Subprocess.run(
            .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            environment: variables,
            input: .string(input),
            output: .sequence,
            error: .fileDescriptor(errorFile, closeAfterSpawningProcess: true)
        ) { execution in
            var lines: [String] = []
            for try await line in execution.standardOutput.strings() {
                let line = line.trimmingCharacters(in: .newlines)
                lines.append(line)
                if let event = PontoonEvent(line) { try await watch(event, execution.processIdentifier.value) }
            }
            return lines
        }
        return PontoonRun(
            status: result.terminationStatus,
            events: result.closureResult.compactMap { PontoonEvent($0) },
            output: result.closureResult.joined(separator: "\n"),
            errors: try String(contentsOfFile: errors.string, encoding: .utf8)
        )
    }

    /// Returns a user whose client runs in a shell command, in which `"$@"` stands for the client and its arguments.
    func inShell(_ command: String) -> PontoonUser {
        var user = self
        user.wrapper = ["/bin/bash", "-c", "set -o pipefail; \(command)", "bash"]
        return user
    }

    /// Runs `upload` to the admin's project.
    func upload(
        _ arguments: String...,
        watch: @escaping @Sendable (PontoonEvent, pid_t) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        try await run(["upload", "--json", "--project", "admin/uploads"] + arguments, watch: watch)
    }

    /// Creates a file below the home folder with the bytes of ``testBytes(seed:count:)``, and returns its path.
    @discardableResult
    func makeFile(_ name: String, size: Int, seed: UInt64 = 7) throws -> FilePath {
        let path = folder.appending(name)
        try FileManager.default.createDirectory(
            atPath: path.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        try Data(testBytes(seed: seed, count: size).readableBytesView).write(to: URL(filePath: path.string))
        return path
    }
}

/// Returns bytes in which all blocks of 4 KiB differ.
///
/// This function is much faster than ``pseudoRandomBytes(seed:count:)``.
func testBytes(seed: UInt64, count: Int) -> ByteBuffer {
    let block = pseudoRandomBytes(seed: seed, count: 4096 - 8)
    var bytes = ByteBuffer()
    bytes.reserveCapacity(count + 4096)
    while bytes.readableBytes < count {
        bytes.writeInteger(UInt64(bytes.readableBytes))
        bytes.writeImmutableBuffer(block)
    }
    return bytes.getSlice(at: 0, length: count) ?? ByteBuffer()
}

/// Runs `body` with a server, and a client that calls it as admin.
func withPontoon<Value: Sendable>(
    on stores: TestStores = .embedded,
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess, PontoonUser) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let home = folder.appending("home")
        try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
        let options = ServerOptions(data: folder.appending("data"), stores: stores, arguments: arguments)
        return try await withServer(options) { server in
            try await body(server, PontoonUser(home, server))
        }.value
    }
}

extension APIClient {
    /// Returns the id of the file or folder `name` in the folder `parent`, or in the root of the admin's project if
    /// `parent` is `nil`.
    ///
    /// - Returns: The id.
    /// - Throws: ``UnexpectedResponse`` if there is no such file or folder.
    func fileID(_ name: String, parent: String? = nil) async throws -> String {
        let place = parent.map { "parent=\($0)" } ?? "project=admin/uploads"
        let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? name
        let response = try await call(.GET, "/files?\(place)&name=\(encoded)&fields=_all")
        guard case .array(let items) = response["items"], items.count == 1, case .object(let file) = items[0],
            case .string(let id) = file["id"]
        else { throw UnexpectedResponse(description: "no single '\(name)': \(String(buffer: response.body))") }
        return id
    }

    /// Downloads the file that ``fileID(_:parent:)`` finds.
    func content(_ name: String, parent: String? = nil) async throws -> ByteBuffer {
        try await download(try await fileID(name, parent: parent))
    }
}
