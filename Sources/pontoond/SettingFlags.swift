import ArgumentParser
import PontoonApp

/// Names the stores and the file with settings; every command has these.
struct DataFlags: ParsableArguments {
    @Option(help: ArgumentHelp(SettingKey.data.help, valueName: "folder"))
    var data: String?

    @Option(help: ArgumentHelp(SettingKey.metadata.help, valueName: "sqlite|url"))
    var metadata: String?

    @Option(help: ArgumentHelp(SettingKey.objects.help, valueName: "disk|url"))
    var objects: String?

    @Option(help: ArgumentHelp(SettingKey.config.help, valueName: "file"))
    var config: String?

    var values: [SettingKey: String] {
        [.data: data, .metadata: metadata, .objects: objects, .config: config].compactMapValues { $0 }
    }
}

/// One flag for each setting of the server.
struct ServerFlags: ParsableArguments {
    @Option(help: ArgumentHelp(SettingKey.listen.help, valueName: "host:port"))
    var listen: String?

    @Option(name: .customLong("public-url"), help: ArgumentHelp(SettingKey.publicURL.help, valueName: "url"))
    var publicURL: String?

    @Option(name: .customLong("url-lifetime"), help: ArgumentHelp(SettingKey.urlLifetime.help, valueName: "duration"))
    var urlLifetime: String?

    @Option(help: ArgumentHelp(SettingKey.uploadLifetime.help, valueName: "duration"))
    var uploadLifetime: String?

    @Option(help: ArgumentHelp(SettingKey.keyLifetime.help, valueName: "duration"))
    var keyLifetime: String?

    @Option(help: ArgumentHelp(SettingKey.minimumPartSize.help, valueName: "size"))
    var minPartSize: String?

    @Option(help: ArgumentHelp(SettingKey.durability.help, valueName: "power|os"))
    var durability: String?

    @Option(help: ArgumentHelp(SettingKey.reservedSpace.help, valueName: "size"))
    var reservedSpace: String?

    @Option(help: ArgumentHelp(SettingKey.grace.help, valueName: "duration"))
    var grace: String?

    @Option(help: ArgumentHelp(SettingKey.drain.help, valueName: "duration"))
    var drain: String?

    @Option(help: ArgumentHelp(SettingKey.leaseDuration.help, valueName: "duration"))
    var leaseDuration: String?

    @Option(help: ArgumentHelp(SettingKey.idleTimeout.help, valueName: "duration"))
    var idleTimeout: String?

    @Option(help: ArgumentHelp(SettingKey.maximumBodySize.help, valueName: "size"))
    var maxBodySize: String?

    @Option(help: ArgumentHelp(SettingKey.maximumHeaderSize.help, valueName: "size"))
    var maxHeaderSize: String?

    @Option(help: ArgumentHelp(SettingKey.rateLimit.help, valueName: "count/duration|off"))
    var rateLimit: String?

    @Option(help: ArgumentHelp(SettingKey.diskThreads.help, valueName: "number"))
    var diskThreads: String?

    @Option(help: ArgumentHelp(SettingKey.trustsForwardedProto.help, valueName: "true|false"))
    var trustForwardedProto: String?

    @Option(help: ArgumentHelp(SettingKey.logLevel.help, valueName: "level"))
    var logLevel: String?

    var values: [SettingKey: String] {
        let given: [SettingKey: String?] = [
            .listen: listen, .publicURL: publicURL, .urlLifetime: urlLifetime, .uploadLifetime: uploadLifetime,
            .keyLifetime: keyLifetime, .minimumPartSize: minPartSize, .durability: durability,
            .reservedSpace: reservedSpace, .grace: grace, .drain: drain, .leaseDuration: leaseDuration,
            .idleTimeout: idleTimeout, .maximumBodySize: maxBodySize, .maximumHeaderSize: maxHeaderSize,
            .rateLimit: rateLimit, .diskThreads: diskThreads,
            .trustsForwardedProto: trustForwardedProto, .logLevel: logLevel,
        ]
        return given.compactMapValues { $0 }
    }
}
