import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonServer
import PontoonTesting
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing

/// How requests reach a server in the test's own process.
enum Transport {
    /// Directly to the router, without a socket.
    case router
    /// Over HTTP on a port of 127.0.0.1, for tests of connections, heads and bodies. Slower than `router`.
    case live
}

/// A server in the test's own process, composed like `pontoond`'s, with SQLite and the disk store.
struct TestServer: ServerUnderTest {
    let app: App
    let origin: String
    let token: String
    let api: APIClient
    let clock: TestClock
    private let lines: LogLines

    var data: FilePath { app.settings.data }
    /// Stops the audit log and returns its lines, or none if the log is not written to a file.
    ///
    /// The server records no further actions.
    func auditLines() async throws -> [JSONValue] {
        guard case .file(let path) = app.settings.auditLog else { return [] }
        await app.audit?.close()
        return try String(contentsOfFile: path.string, encoding: .utf8).split(separator: "\n").map { line in
            try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        }
    }

    /// Returns the metrics in the text format of Prometheus.
    func metrics() throws -> String { try #require(app.metrics).registry.text }

    /// The lines that the server has logged at any level.
    var log: String { lines.text }

    init(_ app: App, origin: String, token: String, clock: TestClock, lines: LogLines, api: APIClient) {
        self.app = app
        self.origin = origin
        self.token = token
        self.clock = clock
        self.lines = lines
        self.api = api
    }

    /// Returns a client with another token, or without one.
    func client(token: String?) -> APIClient {
        var client = api
        client.token = token
        return client
    }

    /// Runs `body` with accounts over a separate connection to the database, as `pontoond user` and `pontoond token` do
    /// while a server runs.
    func withAccounts<Value>(_ body: (Accounts) async throws -> Value) async throws -> Value {
        try await OpenedStores.withMetadata(app.settings) { try await body(Accounts(metadata: $0)) }
    }

    /// Runs background maintenance once.
    func runMaintenance() async -> Maintenance.Report { await app.maintenance.run() }

    /// Creates a new signing key, as `pontoond key rotate` does while a server runs.
    func rotateKeys() async throws {
        try await OpenedStores.withMetadata(app.settings) { metadata in
            let keys = KeyRing(
                store: metadata,
                rotationInterval: app.settings.keyLifetime,
                urlLifetime: app.settings.urlLifetime,
                now: { clock.now }
            )
            try await keys.rotate()
        }
    }

    /// Creates a token, as `pontoond token create` does while a server runs.
    func createToken(for user: String, _ details: TokenDetails = TokenDetails()) async throws -> String {
        try await withAccounts { try await $0.createToken(for: user, details).token.value }
    }

    /// Runs `body` with the administration of users over a separate connection to the database.
    func withUsers<Value>(_ body: (UserAdministration) async throws -> Value) async throws -> Value {
        try await OpenedStores.withMetadata(app.settings) { try await body(UserAdministration(metadata: $0)) }
    }

    /// Adds a user with a token, as `pontoond user add` does while a server runs.
    ///
    /// - Returns: A client that calls the API as this user.
    func addUser(_ name: String) async throws -> APIClient {
        try await withUsers { try await $0.add(name) }
        return client(token: try await createToken(for: name))
    }

    /// Adds a member with these permissions: `read`, `copy`, `write`, `execute` or `admin`.
    ///
    /// Other names are ignored.
    func addMember(_ user: String, of project: String, rights: Set<String>) async throws {
        try await api.addMember(user, of: project, rights.compactMap { Permission(rawValue: $0) })
    }

    /// Adds a member without any permission.
    ///
    /// Neither the API nor the store creates such members, but a database may contain one.
    func addHiddenMember(_ user: String, of project: String) async throws {
        let driver = try await SQLiteDriver.open(app.settings.sqlite)
        let insert: SQLStatement = """
            INSERT INTO members (project_id, user_name, can_read, can_copy, can_write, can_execute, can_admin)
            VALUES ($1, $2, 0, 0, 0, 0, 0)
            """
        try await driver.write { _ = try $0.execute(insert, values: [.text(project), .text(user)]) }
        try await driver.close()
    }
}

/// The server's clocks: the system clocks plus offsets that tests set.
final class TestClock: Sendable {
    private let offsets = Mutex((wall: Duration.zero, uptime: Duration.zero))

    var now: Date { Date().addingTimeInterval(offsets.withLock { $0.wall / .seconds(1) }) }
    var uptime: Duration { Stopwatch.systemUptime() + offsets.withLock { $0.uptime } }

    /// Advances both clocks.
    func advance(by time: Duration) {
        offsets.withLock { offsets in
            offsets.wall += time
            offsets.uptime += time
        }
    }

    /// Moves only the wall clock, as when an operator sets it; a negative `time` sets the clock back.
    func set(aheadBy time: Duration) { offsets.withLock { $0.wall += time } }
}

/// A log handler that records the logged lines.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}

/// Runs `body` with a server on a new data directory.
///
/// - Parameters:
///   - transport: Transport of requests to the server.
///   - arguments: Flags of `pontoond serve`.
///   - clock: The server's clock.
///   - body: Runs while the server is running.
/// - Returns: The result of the body.
/// - Throws: The error of the body, or an error if the server does not start.
@discardableResult
func withTestServer<Value: Sendable>(
    _ transport: Transport = .router,
    arguments: [String] = [],
    clock: TestClock = TestClock(),
    _ body: @Sendable (TestServer) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        try await withTestServer(
            on: folder.appending("data"),
            transport,
            arguments: arguments,
            clock: clock,
            body
        )
    }
}

/// Runs `body` with a server on a given data directory, which a later server can reuse.
@discardableResult
func withTestServer<Value: Sendable>(
    on data: FilePath,
    _ transport: Transport = .router,
    arguments: [String] = [],
    clock: TestClock = TestClock(),
    _ body: @Sendable (TestServer) async throws -> Value
) async throws -> Value {
    // The tests in this process do not simulate power failures.
    let standard = ["--data", data.string, "--listen", "127.0.0.1:0", "--durability", "os", "--disk-threads", "4"]
    let flags = try flags(standard + arguments)
    let settings = try Settings(try GivenSettings(flags: flags, environment: [:]))
    return try await OpenedStores.withStores(settings, now: { clock.now }) { stores in
        let lines = LogLines()
        let logger = Logger(label: "pontoond") { _ in lines }
        let app = try await App.build(
            settings: settings,
            stores: stores,
            certificate: try settings.tls.map { try Certificate($0) },
            logger: logger,
            metrics: AppMetrics(),
            audit: try settings.openAuditLog(logger),
            passwords: ScryptPasswords(cost: .minimal),
            now: { clock.now },
            uptime: { clock.uptime }
        )
        return try await run(app, transport, clock, lines, body)
    }
}

/// Runs `body` with a server that is reached over HTTP, and checks afterwards that an upload still succeeds.
func withEnduringServer<Value: Sendable>(
    arguments: [String] = [],
    _ body: @Sendable (TestServer) async throws -> Value
) async throws {
    try await withTestServer(.live, arguments: arguments) { server in
        _ = try await body(server)
        try await server.expectStillServing()
    }
}

/// Parses command-line flags, given as alternating names and values.
///
/// If a flag is repeated, the server uses its last value.
private func flags(_ arguments: [String]) throws -> [GivenFlag] {
    try stride(from: 0, to: arguments.count, by: 2).map { index in
        let name = arguments[index].dropFirst(2)
        let setting = try #require(SettingList.all.first { $0.name == name }, "\(arguments[index])")
        return GivenFlag(setting, arguments[index + 1])
    }
}

/// The admin's token in every test server.
private let adminToken = "d5a81f0c7e4b42c996b1a9d0e7325f68"

private func run<Value: Sendable>(
    _ app: App,
    _ transport: Transport,
    _ clock: TestClock,
    _ lines: LogLines,
    _ body: @Sendable (TestServer) async throws -> Value
) async throws -> Value {
    // Has no effect unless this is the first start with the data directory.
    _ = try await app.useCases.accounts.bootstrap(token: Secret(adminToken)) { _ in }
    switch transport {
    case .router:
        let origin = "http://localhost"
        return try await app.httpServer().test(.router) { client in
            let api = APIClient(origin: origin, token: adminToken) { try await send($0, through: client) }
            return try await body(
                TestServer(app, origin: origin, token: adminToken, clock: clock, lines: lines, api: api)
            )
        }
    case .live:
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let services = ServiceGroup(
            services: [app.httpServer { port.yield($0) }, HealthChecks(readiness: app.useCases.readiness)],
            logger: app.logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { port.finish() }
                try await services.run()
            }
            var found: Int?
            for await port in ports {
                found = port
                break
            }
            let port = try #require(found, "the server does not listen")
            let origin = "http://127.0.0.1:\(port)"
            let api = APIClient(origin: origin, token: adminToken)
            let server = TestServer(app, origin: origin, token: adminToken, clock: clock, lines: lines, api: api)
            let result: Result<Value, any Error>
            do { result = .success(try await body(server)) } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }
}

/// A service that checks whether the stores are available, as `pontoond` does in the background.
private struct HealthChecks: Service {
    let readiness: Readiness

    func run() async throws {
        await cancelWhenGracefulShutdown { await readiness.run { _, _ in } }
    }
}

/// Sends a request to a router.
private func send(_ request: APIClient.Request, through client: any TestClientProtocol) async throws -> APIResponse {
    let path = request.url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).last ?? ""
    let response = try await client.executeRequest(
        uri: "/\(path)",
        method: try #require(HTTPRequest.Method(request.method.rawValue)),
        headers: HTTPFields(request.headers, splitCookie: false),
        body: request.body
    )
    let headers = HTTPHeaders(response.headers.map { ($0.name.rawName, $0.value) })
    return APIResponse(status: response.status.code, headers: headers, body: response.body)
}
