import Foundation
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Which stores a server under test uses.
enum StoreChoice: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case sqliteAndDisk, postgreSQLAndDisk, sqliteAndS3, postgreSQLAndS3

    var testDescription: String { rawValue }
    var usesPostgreSQL: Bool { self == .postgreSQLAndDisk || self == .postgreSQLAndS3 }
    var usesS3: Bool { self == .sqliteAndS3 || self == .postgreSQLAndS3 }
    /// Whether a data folder is made.
    var usesFolder: Bool { self != .postgreSQLAndS3 }
}

/// A database and a part of a bucket that nobody else uses, in the engines that all tests share.
struct TestStores: Sendable {
    /// URL of the database; `nil` for SQLite in the data folder.
    var metadata: String?
    /// URL of the bucket; `nil` for the data folder.
    var objects: String?
    /// The admin's token, where no file holds it.
    var token: String?
    /// Keys of the bucket.
    private var keys: [String: String] = [:]

    /// Makes what a choice needs.
    ///
    /// - Parameters:
    ///   - choice: Which stores.
    ///   - database: Where the database is made; `nil` for the one that all tests share.
    ///   - bucket: Where the bucket is; `nil` for the one that all tests share.
    /// - Throws: When an engine does not start.
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
        if !choice.usesFolder { token = "token-of-the-admin-of-these-tests" }
    }

    /// The stores in the data folder.
    static let embedded = TestStores()

    private init() {}

    /// The same, with a bucket that clients reach at a port of this machine.
    func reached(at port: Int) -> TestStores {
        var stores = self
        stores.objects = objects.map { "\($0)&public-endpoint=http://127.0.0.1:\(port)" }
        return stores
    }

    /// The same for a server that reaches the bucket through a proxy, while its clients reach it directly.
    func reaching(bucketAt port: Int, insteadOf direct: Int) -> TestStores {
        var stores = self
        let endpoint = "endpoint=http://127.0.0.1:\(direct)"
        let other = "endpoint=http://127.0.0.1:\(port)&public-\(endpoint)"
        stores.objects = objects.map { $0.replacing(endpoint, with: other) }
        return stores
    }

    /// Whether a data folder is made.
    var usesFolder: Bool { metadata == nil || objects == nil }

    /// Gives them to a server, or to a command.
    var environment: [String: String] {
        var environment = keys
        environment["PONTOON_METADATA"] = metadata
        environment["PONTOON_OBJECTS"] = objects
        environment["PONTOON_BOOTSTRAP_TOKEN"] = token
        return environment
    }
}

/// Runs with a server on empty stores.
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
