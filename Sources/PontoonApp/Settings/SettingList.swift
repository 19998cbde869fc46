package import Logging
package import PontoonCore
package import PontoonObjects
import PontoonServer
package import SystemPackage

/// All settings, in the order of the documentation.
package enum SettingList {
    package static let all: [any SettingDefinition] = [
        Setting.data, Setting.metadata, Setting.objects, Setting.config,
        Setting.listen, Setting.socketMode, Setting.tlsCertificate, Setting.tlsKey, Setting.tlsClientCA,
        Setting.redirectListen, Setting.publicURL, Setting.allowedHosts, Setting.trustForwardedProto,
        Setting.console, Setting.allowOrigin,
        Setting.urlLifetime, Setting.keyLifetime, Setting.uploadLifetime, Setting.minimumPartSize,
        Setting.durability, Setting.directIO, Setting.reservedSpace, Setting.diskThreads,
        Setting.rateLimit, Setting.failedAuthenticationLimit,
        Setting.maximumUploadsPerUser, Setting.maximumProjectsPerUser, Setting.maximumTokensPerUser,
        Setting.userQuota, Setting.projectQuota, Setting.reservationLifetime,
        Setting.maximumConnections, Setting.maximumConnectionsPerAddress,
        Setting.maximumBodySize, Setting.maximumFilePut, Setting.maximumHeaderSize,
        Setting.requestTimeout, Setting.minimumPartRate, Setting.idleTimeout,
        Setting.grace, Setting.drain, Setting.leaseDuration,
        Setting.scrubInterval, Setting.scrubRate, Setting.eventRetention,
        Setting.validateCommand, Setting.validateTimeout,
        Setting.hookCommand, Setting.hookTimeout, Setting.hookConcurrency,
        Setting.webhookAllow,
        Setting.readOnly, Setting.logLevel, Setting.logFormat, Setting.slowRequest,
        Setting.metricsListen, Setting.auditLog, Setting.auditLogSize,
        Setting.bootstrapToken,
    ]
}

// MARK: - Stores

extension Setting where Value == FilePath {
    package static var data: Setting<FilePath> {
        Setting(
            "data",
            SettingFormat(placeholder: "directory", allowed: nil, expectation: "the path of a directory") {
                $0.isEmpty ? nil : FilePath($0)
            },
            default: .text("data"),
            summary: "Directory for the server's data, created if missing; unused if PostgreSQL and S3 are both used"
        )
    }
}

extension Setting where Value == MetadataChoice {
    package static var metadata: Setting<MetadataChoice> {
        Setting(
            "metadata",
            .metadata,
            default: .text("sqlite"),
            isSecret: true,
            summary: """
                Metadata store: sqlite, in the data directory, or postgres://USER@HOST:PORT/DATABASE?OPTIONS with \
                options of libpq. Put the password in PGPASSWORD or ~/.pgpass, because other users can see flags
                """
        )
    }
}

extension Setting where Value == ObjectsAddress {
    package static var objects: Setting<ObjectsAddress> {
        Setting(
            "objects",
            .objects,
            default: .text("disk"),
            isSecret: true,
            summary: """
                Object store: disk, in the data directory, or \
                s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path-style=true|false with the credentials in \
                AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if temporary, AWS_SESSION_TOKEN
                """
        )
    }
}

extension Setting where Value == String? {
    package static var config: Setting<String?> {
        Setting(
            "config",
            SettingFormat(placeholder: "file", allowed: nil, expectation: "the path of a file") { $0 },
            default: .value(nil, described: "none"),
            sources: [.flag, .environment],
            summary: "YAML file of settings; its keys are the names of the flags"
        )
    }
}

extension Setting where Value == DiskSettings.Durability {
    package static var durability: Setting<DiskSettings.Durability> {
        Setting(
            "durability",
            .choice,
            default: .text("power"),
            summary: """
                Failures that stored data survives: with power, even a power failure; with os, a crash of the server \
                but not of the operating system
                """
        )
    }
}

extension Setting where Value == DiskSettings.DirectIO {
    package static var directIO: Setting<DiskSettings.DirectIO> {
        Setting(
            "direct-io",
            .choice,
            default: .text("auto"),
            summary: """
                How parts are written: auto bypasses the page cache of the operating system if the file system \
                supports this; off uses the cache
                """
        )
    }
}

extension Setting where Value == Int64 {
    package static var reservedSpace: Setting<Int64> {
        Setting(
            "reserved-space",
            .size(0...(1 << 50)),
            default: .text("64MiB"),
            summary: "Free disk space that uploads may not use, so that records can still be written"
        )
    }

    package static var minimumPartSize: Setting<Int64> {
        Setting(
            "min-part-size",
            .size(1...PartSizing.maximumPartSize),
            default: .text("5MiB"),
            summary: "Smallest part size that a client may request"
        )
    }

    package static var maximumBodySize: Setting<Int64> {
        Setting(
            "max-body-size",
            .size(1024...(1 << 30)),
            default: .text("8MiB"),
            summary: "Largest JSON request body; completing an upload of 10,000 parts needs about 1 MB"
        )
    }

    package static var minimumPartRate: Setting<Int64> {
        Setting(
            "min-part-rate",
            .size(0...(1 << 30)),
            default: .text("1KiB"),
            summary: """
                Minimum rate, in bytes per second averaged over a minute, at which a part or file must arrive; 0 \
                allows any rate
                """
        )
    }

    package static var maximumHeaderSize: Setting<Int64> {
        Setting(
            "max-header-size",
            .size(1024...(64 << 10)),
            default: .text("32KiB"),
            summary: "Largest request head, which is the request line and the headers"
        )
    }
}

extension Setting where Value == Int {
    package static var diskThreads: Setting<Int> {
        Setting(
            "disk-threads",
            .count(1...1024),
            default: .text("16"),
            summary: "Number of threads for blocking file operations"
        )
    }

    package static var maximumConnections: Setting<Int> {
        Setting(
            "max-connections",
            .count(1...1_000_000),
            default: .text("8000"),
            summary: "Maximum number of connections; reduced if the process cannot open two files for each connection"
        )
    }

    package static var maximumConnectionsPerAddress: Setting<Int> {
        Setting(
            "max-connections-per-address",
            .count(1...1_000_000),
            default: .text("4000"),
            summary: """
                Maximum number of connections from one IPv4 address or IPv6 network of 64 bits; at most half of all connections
                """
        )
    }

    package static var maximumUploadsPerUser: Setting<Int> {
        Setting(
            "max-uploads-per-user",
            .count(1...1_000_000),
            default: .text("10000"),
            summary: """
                Maximum number of unfinished uploads per user; uploads of files and of code packages are counted \
                separately
                """
        )
    }

    package static var maximumProjectsPerUser: Setting<Int> {
        Setting(
            "max-projects-per-user",
            .count(1...1_000_000),
            default: .text("10000"),
            summary: "Maximum number of projects that a user may own"
        )
    }

    package static var maximumTokensPerUser: Setting<Int> {
        Setting(
            "max-tokens-per-user",
            .count(1...1_000_000),
            default: .text("1000"),
            summary: "Maximum number of tokens that a user may have"
        )
    }
}

// MARK: - Server

extension Setting where Value == BaseURL? {
    package static var publicURL: Setting<BaseURL?> {
        Setting(
            "public-url",
            SettingFormat(placeholder: "url", allowed: nil, expectation: "an http or https URL with a host") {
                BaseURL($0).map(Optional.some)
            },
            default: .value(nil, described: "the Host header of each request"),
            summary: "URL at which clients reach the server"
        )
    }
}

extension Setting where Value == Set<String> {
    package static var allowedHosts: Setting<Set<String>> {
        Setting(
            "allowed-hosts",
            SettingFormat(
                placeholder: "host,host,…",
                allowed: nil,
                expectation: "host names or IP addresses without ports, separated by commas"
            ) { text in
                var names: Set<String> = []
                for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                    let item = item.filter { $0 != " " }
                    let isAddress = item.count { $0 == ":" } > 1 && !item.hasPrefix("[")
                    guard let host = HostHeader(isAddress ? "[\(item)]" : item), host.port == nil else { return nil }
                    names.insert(host.name)
                }
                return names
            },
            default: .value([], described: "any host"),
            summary: "Hosts that the Host header of a request may name; health checks are exempt"
        )
    }
}

extension Setting where Value == Bool {
    package static var trustForwardedProto: Setting<Bool> {
        Setting(
            "trust-forwarded-proto",
            .bool,
            default: .text("false"),
            summary: """
                Whether to trust X-Forwarded-Proto, and the last address in X-Forwarded-For; enable it only behind a \
                proxy that sets these headers
                """
        )
    }
}

// MARK: - Times

extension Setting where Value == Duration {
    package static var urlLifetime: Setting<Duration> {
        Setting(
            "url-lifetime",
            .duration(from: "1s", to: "7d"),
            default: .text("1h"),
            summary: "How long a signed URL is valid"
        )
    }

    package static var uploadLifetime: Setting<Duration> {
        Setting(
            "upload-lifetime",
            .duration(from: "1s", to: "10000d"),
            default: .text("7d"),
            summary: "How long an upload may go without a new part before it is aborted"
        )
    }

    package static var keyLifetime: Setting<Duration> {
        Setting(
            "key-lifetime",
            .duration(from: "1s", to: "10000d"),
            default: .text("30d"),
            summary: "How long a key signs URLs before a new key replaces it"
        )
    }

    package static var grace: Setting<Duration> {
        Setting(
            "grace",
            .duration(from: "0s", to: "1d"),
            default: .text("30s"),
            summary: "How long running requests may continue after SIGTERM and the drain period"
        )
    }

    package static var drain: Setting<Duration> {
        Setting(
            "drain",
            .duration(from: "0s", to: "1h"),
            default: .text("0s"),
            summary: "How long the server still accepts requests after SIGTERM, while /readyz already fails"
        )
    }

    package static var leaseDuration: Setting<Duration> {
        Setting(
            "lease-duration",
            formerNames: ["claim-lifetime"],
            .duration(from: "3s", to: "1h"),
            default: .text("30s"),
            summary: """
                Lease duration with PostgreSQL and S3: if a server does not renew its lease within this time, another \
                server takes over its work
                """
        )
    }

    package static var requestTimeout: Setting<Duration> {
        Setting(
            "request-timeout",
            .duration(from: "1s", to: "1h"),
            default: .text("30s"),
            summary: """
                Time within which a request must arrive, except the bytes of parts and files; waiting for the server \
                does not count
                """
        )
    }

    package static var idleTimeout: Setting<Duration> {
        Setting(
            "idle-timeout",
            .duration(from: "1s", to: "1d"),
            default: .text("150s"),
            summary: """
                How long a client may send nothing, or read nothing of a response, before its connection is closed
                """
        )
    }
}

// MARK: - Operation

extension Setting where Value == Bool {
    package static var readOnly: Setting<Bool> {
        Setting(
            "read-only",
            .bool,
            default: .text("false"),
            summary: "Whether to refuse all calls that change anything, for maintenance; downloads and lists still work"
        )
    }
}

extension Setting where Value == Logger.Level {
    package static var logLevel: Setting<Logger.Level> {
        Setting("log-level", .choice, default: .text("notice"), summary: "Lowest severity of messages to log")
    }
}
