import ArgumentParser
import PontoonApp

extension Option where Value == GivenFlag? {
    /// Declares a command-line flag for a setting.
    ///
    /// - Parameters:
    ///   - setting: The setting, which defines the flag's name and help.
    ///   - help: Help text to show instead of the setting's own; `nil` for the setting's own.
    init<SettingValue>(_ setting: Setting<SettingValue>, help: String? = nil) {
        self.init(
            name: .customLong(setting.name),
            help: ArgumentHelp(help ?? setting.help, valueName: setting.placeholder),
            transform: { GivenFlag(setting, $0) }
        )
    }

    /// Declares a former name of a setting's flag, which still works but is not listed by `--help`.
    init<SettingValue>(formerly name: String, _ setting: Setting<SettingValue>) {
        self.init(
            name: .customLong(name),
            help: .hidden,
            transform: { GivenFlag(setting, flag: "--\(name)", $0) }
        )
    }
}

extension ParsableArguments {
    /// The settings given on the command line through options of this type, without those of its option groups.
    var givenFlags: [GivenFlag] {
        Mirror(reflecting: self).children.compactMap { ($0.value as? Option<GivenFlag?>)?.wrappedValue }
    }
}

/// The flags that select the stores, for all commands except `migrate`.
struct StoreFlags: ParsableArguments {
    @Option(.data) var data: GivenFlag?
    @Option(.metadata) var metadata: GivenFlag?
    @Option(.objects) var objects: GivenFlag?
    @Option(.config) var config: GivenFlag?
}

/// The flags of the server.
struct ServerFlags: ParsableArguments {
    @Option(.listen) var listen: GivenFlag?
    @Option(.socketMode) var socketMode: GivenFlag?
    @Option(.tlsCertificate) var tlsCertificate: GivenFlag?
    @Option(.tlsKey) var tlsKey: GivenFlag?
    @Option(.tlsClientCA) var tlsClientCA: GivenFlag?
    @Option(.redirectListen) var redirectListen: GivenFlag?
    @Option(.publicURL) var publicURL: GivenFlag?
    @Option(.allowedHosts) var allowedHosts: GivenFlag?
    @Option(.trustForwardedProto) var trustForwardedProto: GivenFlag?
    @Option(.console) var console: GivenFlag?
    @Option(.allowOrigin) var allowOrigin: GivenFlag?
    @Option(.urlLifetime) var urlLifetime: GivenFlag?
    @Option(.keyLifetime) var keyLifetime: GivenFlag?
    @Option(.uploadLifetime) var uploadLifetime: GivenFlag?
    @Option(.minimumPartSize) var minimumPartSize: GivenFlag?
    @Option(.durability) var durability: GivenFlag?
    @Option(.directIO) var directIO: GivenFlag?
    @Option(.reservedSpace) var reservedSpace: GivenFlag?
    @Option(.diskThreads) var diskThreads: GivenFlag?
    @Option(.rateLimit) var rateLimit: GivenFlag?
    @Option(.failedAuthenticationLimit) var failedAuthenticationLimit: GivenFlag?
    @Option(.maximumUploadsPerUser) var maximumUploadsPerUser: GivenFlag?
    @Option(.maximumProjectsPerUser) var maximumProjectsPerUser: GivenFlag?
    @Option(.maximumTokensPerUser) var maximumTokensPerUser: GivenFlag?
    @Option(.userQuota) var userQuota: GivenFlag?
    @Option(.projectQuota) var projectQuota: GivenFlag?
    @Option(.reservationLifetime) var reservationLifetime: GivenFlag?
    @Option(.maximumConnections) var maximumConnections: GivenFlag?
    @Option(.maximumConnectionsPerAddress) var maximumConnectionsPerAddress: GivenFlag?
    @Option(.maximumBodySize) var maximumBodySize: GivenFlag?
    @Option(.maximumFilePut) var maximumFilePut: GivenFlag?
    @Option(.maximumHeaderSize) var maximumHeaderSize: GivenFlag?
    @Option(.requestTimeout) var requestTimeout: GivenFlag?
    @Option(.minimumPartRate) var minimumPartRate: GivenFlag?
    @Option(.idleTimeout) var idleTimeout: GivenFlag?
    @Option(.grace) var grace: GivenFlag?
    @Option(.drain) var drain: GivenFlag?
    @Option(.leaseDuration) var leaseDuration: GivenFlag?
    @Option(formerly: "claim-lifetime", .leaseDuration) var claimLifetime: GivenFlag?
    @Option(.scrubInterval) var scrubInterval: GivenFlag?
    @Option(.scrubRate) var scrubRate: GivenFlag?
    @Option(.eventRetention) var eventRetention: GivenFlag?
    @Option(.validateCommand) var validateCommand: GivenFlag?
    @Option(.validateTimeout) var validateTimeout: GivenFlag?
    @Option(.hookCommand) var hookCommand: GivenFlag?
    @Option(.hookTimeout) var hookTimeout: GivenFlag?
    @Option(.hookConcurrency) var hookConcurrency: GivenFlag?
    @Option(.webhookAllow) var webhookAllow: GivenFlag?
    @Option(.readOnly) var readOnly: GivenFlag?
    @Option(.logLevel) var logLevel: GivenFlag?
    @Option(.logFormat) var logFormat: GivenFlag?
    @Option(.slowRequest) var slowRequest: GivenFlag?
    @Option(.metricsListen) var metricsListen: GivenFlag?
    @Option(.auditLogSize) var auditLogSize: GivenFlag?
}

/// The flag that selects the audit log, for the server and all commands whose actions are recorded.
struct AuditFlags: ParsableArguments {
    @Option(.auditLog) var auditLog: GivenFlag?
}
