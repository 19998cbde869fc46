import Foundation
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The stores that a server under test uses.
enum StoreChoice: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case sqliteAndDisk, postgreSQLAndDisk, sqliteAndS3, postgreSQLAndS3

    var testDescription: String { rawValue }
    var usesPostgreSQL: Bool { self == .postgreSQLAndDisk || self == .postgreSQLAndS3 }
    var usesS3: Bool { self == .sqliteAndS3 || self == .postgreSQLAndS3 }
    /// Whether the server has a data directory.
    var usesFolder: Bool { self != .postgreSQLAndS3 }
}

/// A database and a bucket prefix for a single test, on the PostgreSQL and S3 servers that all tests share.
struct TestStores: Sendable {
    /// URL of the database; `nil` for SQLite in the data directory.
    var metadata: String?
    /// URL of the bucket; `nil` for the disk store in the data directory.
    var objects: String?
    /// The admin's token; `nil` if the server writes it to a credentials file.
    var token: String?
    /// Environment variables with the credentials of the bucket.
    private var keys: [String: String] = [:]

    /// Creates an empty database and a new bucket prefix, if the choice needs them.
    ///
    /// - Parameters:
    ///   - choice: The stores to use.
    ///   - database: The PostgreSQL server; `nil` for the one that all tests share.
    ///   - bucket: The S3 server; `nil` for the one that all tests share.
    /// - Throws: An error if an engine does not start.
    init(
        _ choice: StoreChoice,
        database: PostgreSQLServer? = nil,
        bucket: SeaweedFSServer? = nil
    ) async throws {
        if choice.usesPostgreSQL {
            let server: PostgreSQLServer
            if let database { server = database } else { server = try await PostgreSQLServer.running() }
            metadata = try await server.newDatabase()
        }
        if choice.usesS3 {
            let store: SeaweedFSServer
            if let bucket { store = bucket } else { store = try await SeaweedFSServer.running() }
            objects = "s3://\(store.bucket)/\(UUID().uuidString.lowercased())?endpoint=\(store.endpoint)"
            keys = [
                "AWS_ACCESS_KEY_ID": store.accessKeyID, "AWS_SECRET_ACCESS_KEY": store.secretAccessKey.value,
            ]
        }
        if !choice.usesFolder { token = "7c5e0a9f3b61d84e2fa7103cc9d6b58e" }
    }

    /// SQLite and the disk store in the data directory.
    static let embedded = TestStores()

    private init() {}

    /// Returns the same stores, for a server whose clients reach the bucket at another local port.
    func reached(at port: Int) -> TestStores {
        var stores = self
        stores.objects = objects.map { "\($0)&public-endpoint=http://127.0.0.1:\(port)" }
        return stores
    }

    /// Returns the same stores, for a server that reaches the bucket through a proxy while its clients reach it
    /// directly.
    func reaching(bucketAt port: Int, insteadOf direct: Int) -> TestStores {
        var stores = self
        let endpoint = "endpoint=http://127.0.0.1:\(direct)"
        let other = "endpoint=http://127.0.0.1:\(port)&public-\(endpoint)"
        stores.objects = objects.map { $0.replacing(endpoint, with: other) }
        return stores
    }

    /// Whether the server has a data directory.
    var usesFolder: Bool { metadata == nil || objects == nil }

    /// Environment variables that select the stores, for a server or a command.
    var environment: [String: String] {
        var environment = keys
        environment["PONTOON_METADATA"] = metadata
        environment["PONTOON_OBJECTS"] = objects
        environment["PONTOON_BOOTSTRAP_TOKEN"] = token
        return environment
    }
}

/// Runs `body` with a server on new, empty stores.
@discardableResult
func withServer<Value: Sendable>(
    on choice: StoreChoice,
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws -> Value {
    let stores = try await TestStores(choice)
    return try await withTemporaryFolder { folder in
        let options = ServerOptions(data: folder.appending("data"), stores: stores, arguments: arguments)
        return try await withServer(options, body).value
    }
}
