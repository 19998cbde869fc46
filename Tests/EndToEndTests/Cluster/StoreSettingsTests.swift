import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Starts of servers with unusable, empty and shared stores.
///
/// The error for an unusable store is one line that contains the name of the setting and no secret.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd, .needsPostgreSQL))
struct StoreSettingsTests {
    private static let secret = "hush-hush-0123456789"

    @Test(
        "an invalid store URL is rejected without being echoed",
        arguments: [
            ("metadata", "mysql://pontoon:\(secret)@localhost/db"),
            ("metadata", "postgres://pontoon:\(secret)%zz@host/db"),
            ("metadata", "postgresql://localhost:port/db"), ("metadata", "pontoon.sqlite"),
            ("objects", "s3:bucket"), ("objects", "/srv/objects"), ("objects", "https://pontoon:\(secret)@host/bucket"),
            ("objects", "s3://bucket?endpoint=ftp://host"), ("objects", "s3://bucket?secret=\(secret)"),
            ("objects", "s3://pontoon:\(secret)@bucket"),
        ]
    )
    func noStore(setting: String, value: String) async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let keys = ["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": Self.secret]
            let file = folder.appending("settings.yaml")
            try "\(setting): \"\(value)\"\n".write(toFile: file.string, atomically: true, encoding: .utf8)
            for refused in [
                try await runServer(["--data", data.string, "--\(setting)", value], environment: keys),
                try await runServer(["--data", data.string, "--config", file.string], environment: keys),
                try await runServer(
                    ["--data", data.string],
                    environment: keys.merging(["PONTOON_\(setting.uppercased())": value]) { $1 }
                ),
            ] {
                refused.expectRefusal("'\(setting)'")
                #expect(!refused.errors.contains(Self.secret))
            }
            #expect(!FileManager.default.fileExists(atPath: data.string), "the data directory was created")
        }
    }

    /// Tries to start a server with a new data directory.
    private func start(_ environment: [String: String], wrapper: [String] = []) async throws -> RefusedStart {
        try await withTemporaryFolder { folder in
            let arguments = ["--data", folder.appending("data").string, "--listen", "127.0.0.1:0"]
            return try await runServer(arguments, environment: environment, wrapper: wrapper)
        }
    }

    @Test("an unusable database is rejected, and the error names the problem")
    func badDatabase() async throws {
        let server = try await PostgreSQLServer.running()
        let good = "\(server.host):\(server.port)"
        let cases: [(url: String, said: String)] = [
            ("postgres://app@\(good)/no_such_database", "no_such_database"),
            ("postgres://nobody:\(Self.secret)@\(good)/postgres", "nobody"),
            ("postgres://app@127.0.0.1:1/postgres", "127.0.0.1"),
            ("postgres://app@no-such-host.invalid/postgres", "no-such-host.invalid"),
            ("postgres://app@\(good)/postgres?sslmode=require", "SSL"),
        ]
        for (url, said) in cases {
            let refused = try await start(["PONTOON_METADATA": url])
            refused.expectRefusal("'metadata'", said)
            #expect(!refused.errors.contains(Self.secret))
        }
    }

    @Test("a wrong password is rejected and never printed")
    func wrongPassword() async throws {
        let server = try await PostgreSQLServer.running()
        let url = try await server.databaseWithPassword("right").replacing(":right@", with: "@")
        let refused = try await start(["PONTOON_METADATA": url, "PGPASSWORD": Self.secret])
        refused.expectRefusal("'metadata'", "password")
        #expect(!refused.errors.contains(Self.secret))
    }

    @Test("an unusable bucket is rejected, and the error names the problem")
    func badBucket() async throws {
        let store = try await SeaweedFSServer.running()
        let right = ["AWS_ACCESS_KEY_ID": store.accessKeyID, "AWS_SECRET_ACCESS_KEY": store.secretAccessKey.value]
        let good = "endpoint=\(store.endpoint)"
        let wrongKey = right.merging(["AWS_ACCESS_KEY_ID": "NOBODY"]) { $1 }
        let wrongSecret = right.merging(["AWS_SECRET_ACCESS_KEY": Self.secret]) { $1 }
        let noSecret = right.merging(["AWS_SECRET_ACCESS_KEY": ""]) { $1 }
        let encrypted = store.endpoint.replacing("http://", with: "https://")
        let cases: [(url: String, keys: [String: String], said: String)] = [
            ("s3://\(store.bucket)?\(good)", wrongKey, "AWS_ACCESS_KEY_ID"),
            ("s3://\(store.bucket)?\(good)", wrongSecret, "AWS_SECRET_ACCESS_KEY"),
            ("s3://\(store.bucket)?\(good)", noSecret, "AWS_SECRET_ACCESS_KEY"),
            ("s3://no-such-bucket?\(good)", right, "no-such-bucket"),
            ("s3://\(store.bucket)?endpoint=http://127.0.0.1:1", right, "endpoint"),
            ("s3://\(store.bucket)?endpoint=http://no-such-host.invalid", right, "no-such-host.invalid"),
            ("s3://\(store.bucket)?endpoint=\(encrypted)", right, "endpoint"),
            ("s3://\(store.bucket)?\(good)&ca-file=/nowhere.pem", right, "ca-file"),
        ]
        for (url, keys, said) in cases {
            let refused = try await start(keys.merging(["PONTOON_OBJECTS": url]) { $1 })
            refused.expectRefusal("'objects'", said)
            for secret in [Self.secret, store.secretAccessKey.value] { #expect(!refused.errors.contains(secret)) }
        }
    }

    @Test("an HTTP server that is not S3 is rejected")
    func notS3() async throws {
        try await withServer { server in
            let refused = try await start([
                "PONTOON_OBJECTS": "s3://bucket?endpoint=\(server.origin)", "AWS_ACCESS_KEY_ID": "AK",
                "AWS_SECRET_ACCESS_KEY": Self.secret,
            ])
            refused.expectRefusal("'objects'", "endpoint")
        }
    }

    @Test("a clock that is an hour off is rejected, and the error names the clock")
    func wrongClock() async throws {
        let store = try await SeaweedFSServer.running()
        let environment = try await TestStores(.sqliteAndS3).environment
        let refused = try await start(
            environment.merging(["FAKETIME_DONT_FAKE_MONOTONIC": "1"]) { $1 },
            wrapper: ["/usr/bin/faketime", "-f", "+3600s"]
        )
        refused.expectRefusal("'objects'", "clock")
        #expect(!refused.errors.contains(store.secretAccessKey.value))
    }

    @Test("a database is not opened with another object store")
    func otherObjects() async throws {
        try await withTemporaryFolder { folder in
            let stores = try await TestStores(.postgreSQLAndS3)
            try await withServer(ServerOptions(data: folder.appending("data"), stores: stores)) { _ in }
            var disk = stores
            disk.objects = nil
            let refused = try await runServer(
                ["--data", folder.appending("data").string, "--listen", "127.0.0.1:0"],
                environment: disk.environment
            )
            refused.expectRefusal("'objects'", "s3://")
        }
    }

    @Test("with PostgreSQL and S3, no data is stored locally")
    func noFolder() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let stores = try await TestStores(.postgreSQLAndS3)
            try await withServer(ServerOptions(data: data, stores: stores)) { server in
                let name = try await server.api.call(.GET, "/user").text("username")
                #expect(name == "admin")
            }
            #expect(!FileManager.default.fileExists(atPath: data.string))
        }
    }

    @Test("without a bootstrap token, no user is created, and a user can be added by command")
    func noUser() async throws {
        try await withTemporaryFolder { folder in
            var stores = try await TestStores(.postgreSQLAndS3)
            stores.token = nil
            try await withServer(ServerOptions(data: folder.appending("data"), stores: stores)) { server in
                let ada = try await server.addUser("ada")
                #expect(try await ada.call(.GET, "/user").text("username") == "ada")
                #expect(try await APIClient(origin: server.origin, token: "x").call(.GET, "/user").status == 401)
                try await server.administer("key", "rotate")
            }
        }
    }

    @Test("ten servers start concurrently on an empty database, and exactly one creates the first user")
    func tenAtOnce() async throws {
        try await withTemporaryFolder { folder in
            let stores = try await TestStores(.postgreSQLAndS3)
            let made = try await concurrently(10) { index in
                let options = ServerOptions(data: folder.appending("\(index)"), stores: stores)
                return try await withServer(options) { server in
                    let project = try await server.api.call(.GET, "/projects/admin/uploads")
                    #expect(project.status == 200)
                    return server.greeting.contains { $0.hasPrefix("Created user admin") }
                }.value
            }
            #expect(made.count { $0 } == 1)
        }
    }
}
