import Foundation
package import Logging
package import PontoonCore
package import PontoonMetadata
package import PontoonObjects
import PontoonPostgreSQL
package import PontoonServer
package import SystemPackage

/// The validated settings of a server.
package struct Settings: Sendable {
    package let data: FilePath
    package let metadata: MetadataChoice
    package let objects: ObjectsChoice
    package let server: ServerSettings
    /// The TLS certificate and key files; `nil` if the server does not use TLS.
    package let tls: CertificateFiles?
    /// Permissions of the Unix socket on which the server listens.
    package let socketMode: FilePermissions
    package let disk: DiskSettings
    package let sqlite: SQLiteSettings
    package let sizing: PartSizing
    package let userLimits: UserLimits
    package let defaultQuotas: DefaultQuotas
    /// Time without a new part after which an upload reserves only its stored bytes.
    package let reservationLifetime: Duration
    package let urlLifetime: Duration
    /// Time after which events are deleted; 0 if events are not recorded.
    package let eventRetention: Duration
    /// The settings of the programs that the server runs.
    package let hooks: HookSettings
    /// The addresses to which webhooks may send events.
    package let webhookAddresses: WebhookAddresses
    package let uploadLifetime: Duration
    package let keyLifetime: Duration
    package let grace: Duration
    package let drain: Duration
    package let logLevel: Logger.Level
    package let logFormat: LogFormat
    /// Address at which the metrics are exported; `nil` if metrics are not exported.
    package let metricsListen: ListenAddress?
    /// The destination of the audit log; `nil` if the audit log is disabled.
    package let auditLog: AuditDestination?
    /// Size in bytes at which the server rotates the audit log; `nil` if other programs rotate it.
    package let auditLogSize: Int64?
    /// The settings that differ from their defaults, for the log.
    package let changes: [GivenSettings.Change]
    package let bootstrapToken: Secret?
    /// The reason why ``bootstrapToken`` is weak; `nil` if it is not weak.
    ///
    /// A weak token is accepted only if the server listens on the loopback interface.
    package let tokenWeakness: String?
    /// Time without a renewal after which a lease expires; `nil` if no other server can share the stores.
    package let leaseDuration: Duration?
    /// Interval at which the server scrubs each object; `nil` if it scrubs only objects that clients asked to verify.
    package let scrubInterval: Duration?
    /// Maximum rate of the periodic scrub, and of scrubs on request, in bytes per second; `nil` means no limit.
    package let scrubRate: Int64?

    /// Whether acknowledged data survives a power failure; if `false`, it survives only a crash of the process.
    package var survivesPowerFailure: Bool { disk.durability == .power }

    /// The directory ``data`` if the metadata or the objects are stored in it; `nil` with PostgreSQL and S3.
    package var folder: FilePath? {
        if case .postgreSQL = metadata, case .s3 = objects { return nil }
        return data
    }

    /// Validates the given settings.
    ///
    /// - Throws: ``SettingError`` for the first value that is not allowed, if settings contradict each other, or if the
    ///   credentials for S3 are missing.
    package init(_ given: GivenSettings) throws {
        let durability = try given.value(of: .durability)
        urlLifetime = try given.value(of: .urlLifetime)
        data = try given.value(of: .data)
        uploadLifetime = try given.value(of: .uploadLifetime)
        switch try given.value(of: .metadata) {
        case .sqlite: metadata = .sqlite
        case .postgreSQL(var postgreSQL):
            postgreSQL.durability = durability == .power ? .full : .os
            metadata = .postgreSQL(postgreSQL)
        }
        switch try given.value(of: .objects) {
        case .disk: objects = .disk
        case .s3(var s3):
            s3.urlLifetime = urlLifetime
            s3.orphanAge = min(s3.orphanAge, uploadLifetime)
            objects = .s3(s3, try S3Credentials(environment: given.environment))
        }
        tls = try CertificateFiles(given)
        server = try Self.server(given, usesTLS: tls != nil)
        socketMode = try given.value(of: .socketMode)
        disk = DiskSettings(
            folder: data.appending("objects"),
            durability: durability,
            reservedSpace: try given.value(of: .reservedSpace),
            threads: try given.value(of: .diskThreads),
            directIO: try given.value(of: .directIO)
        )
        sqlite = SQLiteSettings(
            path: data.appending("pontoon.sqlite").string,
            durability: durability == .power ? .full : .os
        )
        sizing = PartSizing(minimumPartSize: try given.value(of: .minimumPartSize))
        userLimits = UserLimits(
            openUploads: try given.value(of: .maximumUploadsPerUser),
            projects: try given.value(of: .maximumProjectsPerUser),
            tokens: try given.value(of: .maximumTokensPerUser)
        )
        defaultQuotas = DefaultQuotas(
            userBytes: try given.value(of: .userQuota),
            projectBytes: try given.value(of: .projectQuota)
        )
        reservationLifetime = try given.value(of: .reservationLifetime)
        eventRetention = try given.value(of: .eventRetention)
        hooks = try HookSettings(given)
        webhookAddresses = WebhookAddresses(allowing: try given.value(of: .webhookAllow))
        keyLifetime = try given.value(of: .keyLifetime)
        grace = try given.value(of: .grace)
        drain = try given.value(of: .drain)
        let leaseDuration = try given.value(of: .leaseDuration)
        if case .postgreSQL = metadata, case .s3 = objects {
            self.leaseDuration = leaseDuration
        } else {
            self.leaseDuration = nil
        }
        logLevel = try given.value(of: .logLevel)
        logFormat = try given.value(of: .logFormat)
        metricsListen = try given.value(of: .metricsListen)
        try Self.refuseSharedAddresses(server, metrics: metricsListen)
        auditLog = try given.value(of: .auditLog)
        let auditLogSize = try given.value(of: .auditLogSize)
        self.auditLogSize = auditLogSize > 0 ? auditLogSize : nil
        changes = given.changes
        bootstrapToken = try given.value(of: .bootstrapToken)
        tokenWeakness = bootstrapToken.flatMap { BootstrapTokenRule.weakness(of: $0.value)?.description }
        if let tokenWeakness, !server.isOnLoopback {
            throw SettingError(
                .bootstrapToken,
                "the value is not allowed, unless the server listens on the loopback interface: \(tokenWeakness)"
            )
        }
        switch (try given.value(of: .scrubInterval), objects) {
        case (.standard, .disk): scrubInterval = .seconds(30 * 86400)
        case (.standard, .s3), (.off, _): scrubInterval = nil
        case (.every(let interval), _): scrubInterval = interval
        }
        let scrubRate = try given.value(of: .scrubRate)
        self.scrubRate = scrubRate > 0 ? scrubRate : nil
    }

    /// Whether other machines can reach the server, and URLs in responses contain any `Host` that they send.
    package var trustsAnyHost: Bool { server.trustsAnyHost }

    /// Whether calls that change anything are refused.
    package var isReadOnly: Bool { server.isReadOnly }

    /// Checks that no two listeners have the same address.
    ///
    /// Port 0 selects a different port for each listener.
    private static func refuseSharedAddresses(_ server: ServerSettings, metrics: ListenAddress?) throws {
        func isUsed(_ address: ListenAddress?, by other: ListenAddress?) -> Bool {
            address != nil && address == other && address?.port != 0
        }
        if isUsed(server.redirectListen, by: server.listen) {
            throw SettingError(.redirectListen, "--listen already uses this address; use another port")
        }
        if isUsed(metrics, by: server.listen) || isUsed(metrics, by: server.redirectListen) {
            throw SettingError(.metricsListen, "another listener already uses this address; use another port")
        }
    }

    private static func server(_ given: GivenSettings, usesTLS: Bool) throws -> ServerSettings {
        ServerSettings(
            listen: try given.value(of: .listen),
            usesTLS: usesTLS,
            redirectListen: try given.value(of: .redirectListen),
            isReadOnly: try given.value(of: .readOnly),
            publicURL: try given.value(of: .publicURL),
            allowedHosts: try given.value(of: .allowedHosts),
            allowedOrigins: try given.value(of: .allowOrigin),
            servesConsole: try given.value(of: .console),
            trustsForwardedProto: try given.value(of: .trustForwardedProto),
            idleTimeout: try given.value(of: .idleTimeout),
            requestTimeout: try given.value(of: .requestTimeout),
            minimumPartRate: Int(clamping: try given.value(of: .minimumPartRate)),
            maximumConnections: try given.value(of: .maximumConnections),
            maximumConnectionsPerAddress: try given.value(of: .maximumConnectionsPerAddress),
            maximumBodySize: Int(clamping: try given.value(of: .maximumBodySize)),
            maximumFilePut: Int(clamping: try given.value(of: .maximumFilePut)),
            maximumHeaderSize: Int(clamping: try given.value(of: .maximumHeaderSize)),
            rateLimit: try given.value(of: .rateLimit),
            failedAuthenticationLimit: try given.value(of: .failedAuthenticationLimit),
            slowRequest: try given.value(of: .slowRequest)
        )
    }
}
