import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonPostgreSQL
import PontoonServer
import SystemPackage

/// The command `pontoond serve --check-config`, which checks a server's settings and stores without starting it.
package struct ConfigurationCheck {
    private let settings: Settings
    private let report: (String) -> Void

    /// - Parameters:
    ///   - settings: The settings to check. A server may be running with them.
    ///   - report: Receives one line for each check that succeeded.
    package init(_ settings: Settings, report: @escaping (String) -> Void) {
        self.settings = settings
        self.report = report
    }

    /// Checks the stores and, if they are configured, the certificate, the audit log, and the directory of the Unix
    /// socket.
    ///
    /// Changes nothing on disk or in the database. In a bucket, it starts and aborts an upload, as a server does when
    /// it starts.
    ///
    /// - Throws: ``SettingError`` for the first problem; `CancellationError`.
    package func run() async throws {
        if let files = settings.tls {
            let certificate = try Certificate(files)
            report("Certificate: valid until \(certificate.expiry.formatted(.iso8601)).")
        }
        try checkAuditLog()
        try checkSocket()
        do {
            try await checkMetadata()
            try await checkObjects()
        } catch let error where !(error is SettingError || error is CancellationError) {
            throw SettingError("cannot check the stores: \(OpenedStores.oneLine(error))")
        }
        report("The configuration is valid.")
    }

    private func checkAuditLog() throws {
        guard case .file(let path) = settings.auditLog else { return }
        if try DataDirectory.exists(path, .auditLog) {
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: path.string, isDirectory: &isDirectory), isDirectory.boolValue {
                throw SettingError(.auditLog, "'\(path)' is a directory; specify a file")
            }
            guard access(path.string, W_OK) == 0 else {
                throw SettingError(
                    .auditLog,
                    "cannot write to '\(path)': \(Errno(rawValue: errno)); check its owner and permissions"
                )
            }
        } else {
            try requireWritable(parent(of: path), .auditLog)
        }
        report("Audit log: '\(path)' is writable.")
    }

    private func checkSocket() throws {
        guard case .unix(let path) = settings.server.listen else { return }
        try requireWritable(parent(of: FilePath(path)), .listen)
        report("Socket: '\(path)' can be created.")
    }

    private func parent(of path: FilePath) -> FilePath {
        let parent = path.removingLastComponent()
        return parent.isEmpty ? "." : parent
    }

    /// Returns the nearest parent directory that exists, because the server creates missing directories.
    private func existingParent(of path: FilePath) throws -> FilePath {
        var parent = parent(of: path)
        while try !DataDirectory.exists(parent), parent != "/", parent != "." { parent = self.parent(of: parent) }
        return parent
    }

    private func requireWritable<Value>(_ directory: FilePath, _ setting: Setting<Value>) throws {
        guard access(directory.string, R_OK | W_OK | X_OK) == 0 else {
            throw SettingError(
                setting,
                "cannot write to the directory '\(directory)': \(Errno(rawValue: errno)); check its owner and permissions"
            )
        }
    }

    private func checkMetadata() async throws {
        if case .sqlite = settings.metadata, try !settings.hasDatabase() {
            if try DataDirectory.exists(settings.data) { try settings.refuseMissingDatabase() }
            return report("Metadata store: none in '\(settings.data)' yet; the first start creates it.")
        }
        let store: SQLMetadataStore
        do {
            store = try await ReadOnlyStores.open(settings)
        } catch is MissingMigrations {
            return report("Metadata store: reachable; the next start creates or migrates its tables.")
        }
        try await withClosing(store, close: { try await $0.close() }) { store in
            guard try await store.metadataValue(for: .objects) != nil else {
                return report("Metadata store: reachable; no server has used it yet.")
            }
            try await settings.requireBound(store)
            report("Metadata store: readable; it matches the object store.")
        }
    }

    private func checkObjects() async throws {
        switch settings.objects {
        case .disk:
            guard try DataDirectory.exists(settings.data) else {
                try requireWritable(existingParent(of: settings.data), .data)
                return report("Object store: no directory '\(settings.data)' yet; the first start creates it.")
            }
            try requireWritable(settings.data, .data)
            report("Object store: '\(settings.data)' is writable.")
        case .s3(let s3, let credentials):
            let bucket = try await OpenedStores.openBucket(s3, credentials)
            try await bucket.shutDown()
            report("Object store: the bucket '\(s3.bucket)' can be used.")
        }
    }
}
