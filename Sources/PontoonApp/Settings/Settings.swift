import Foundation
package import PontoonCore
package import PontoonMetadata
package import PontoonObjects
package import PontoonServer
package import SystemPackage

/// Every setting: its name, what it means, its unit, range and default.
///
/// This table is the reference; `--help` prints it.
///
/// A setting is given by flag (`--url-lifetime 1h`), environment (`PONTOON_URL_LIFETIME=1h`) or in the file named by
/// `--config` (YAML: `url-lifetime: 1h`); the first of these that has it wins.
package enum SettingKey: String, CaseIterable {
    case data
    case metadata
    case objects
    case listen
    case publicURL = "public-url"
    case urlLifetime = "url-lifetime"
    case uploadLifetime = "upload-lifetime"
    case keyLifetime = "key-lifetime"
    case minimumPartSize = "min-part-size"
    case durability
    case reservedSpace = "reserved-space"
    case grace
    case drain
    case leaseDuration = "lease-duration"
    case idleTimeout = "idle-timeout"
    case maximumBodySize = "max-body-size"
    case maximumHeaderSize = "max-header-size"
    case rateLimit = "rate-limit"
    case diskThreads = "disk-threads"
    case trustsForwardedProto = "trust-forwarded-proto"
    case logLevel = "log-level"
    /// Secret, from the environment only.
    case bootstrapToken = "bootstrap-token"
    /// Names the file; from flag or environment only.
    case config

    /// What `--help` says.
    package var help: String {
        switch self {
        case .data:
            "Folder for what the server itself keeps; made when there is none, unused with postgres and s3. Default: data"
        case .metadata:
            """
            sqlite, in the data folder, or postgres://USER@HOST:PORT/DATABASE, with what libpq allows after '?'. \
            Its password belongs in PGPASSWORD or ~/.pgpass: others can see flags. Default: sqlite
            """
        case .objects:
            """
            disk, in the data folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path-style=true|false, with keys in \
            AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Default: disk
            """
        case .listen: "HOST:PORT to listen on; port 0 takes any free one. Default: 127.0.0.1:8080"
        case .publicURL: "URL under which clients reach the server. Default: the Host of each request"
        case .urlLifetime: "How long a signed URL is admitted, 1s to 7d. Default: 1h"
        case .uploadLifetime: "An upload in which nothing was stored for so long is aborted, 1s to 10000d. Default: 7d"
        case .keyLifetime: "How long a key signs URLs before a new one takes over, 1s to 10000d. Default: 30d"
        case .minimumPartSize: "Smallest part size that a client may choose, 1 to 5GiB. Default: 5MiB"
        case .durability:
            "power: an answer means that the data survives a power cut; os: that it survives a crash. Default: power"
        case .reservedSpace: "Bytes of the disk that are never filled with parts. Default: 64MiB"
        case .grace: "How long running requests may go on after SIGTERM, 0s to 1d. Default: 30s"
        case .drain:
            "How long requests are taken after SIGTERM, while /readyz sends them elsewhere, 0s to 1h. Default: 0s"
        case .leaseDuration:
            """
            A server that shares its stores and says nothing for so long loses what it is at work on to another one, \
            3s to 1h. Default: 30s
            """
        case .idleTimeout: "A connection on which nothing arrives for so long is closed, 1s to 1d. Default: 150s"
        case .maximumBodySize: "Longest JSON body, 1KiB to 1GiB. Default: 8MiB"
        case .maximumHeaderSize: "Longest request head, 1KiB to 64KiB. Default: 32KiB"
        case .rateLimit:
            """
            Calls that a token may make in a time, such as 1000/5m: 1 to 1000000000 in 1s to 1d, or off. \
            Each process counts for itself. Default: off
            """
        case .diskThreads: "Threads for blocking file calls, 1 to 1024. Default: 16"
        case .trustsForwardedProto:
            "Believe X-Forwarded-Proto, for a server behind a proxy: true or false. Default: false"
        case .logLevel: "trace, debug, info, notice, warning, error or critical. Default: notice"
        case .bootstrapToken:
            "Token of the user that the first start makes; from the environment only. Default: random, none without a folder"
        case .config: "YAML file with settings, by the names of the flags"
        }
    }

    /// Name of the environment variable.
    package var environmentName: String { "PONTOON_" + rawValue.uppercased().replacing("-", with: "_") }
    /// Whether it may stand in the file.
    package var isAllowedInFile: Bool { self != .bootstrapToken && self != .config }
}

/// A setting that cannot be used: says which, where to look and what is allowed.
package struct SettingError: Error, CustomStringConvertible {
    package let description: String

    package init(_ key: SettingKey, _ problem: String) {
        description = "setting '\(key.rawValue)': \(problem)"
    }

    package init(_ problem: String) { description = problem }
}

/// All settings, checked.
package struct Settings: Sendable {
    package let data: FilePath
    package let metadata: MetadataChoice
    package let objects: ObjectsChoice
    package let server: ServerSettings
    package let disk: DiskSettings
    package let sqlite: SQLiteSettings
    package let sizing: PartSizing
    package let urlLifetime: Duration
    package let uploadLifetime: Duration
    package let keyLifetime: Duration
    package let grace: Duration
    package let drain: Duration
    package let logLevel: LogLevel
    package let bootstrapToken: Secret?
    /// A claim ends so long after its last renewal; `nil` when no other server can share the stores.
    package let leaseDuration: Duration?

    /// The data folder, when a store keeps something in it: then this process has it alone.
    package var folder: FilePath? {
        if case .postgreSQL = metadata, case .s3 = objects { return nil }
        return data
    }

    /// Checks what was given.
    package init(_ given: GivenSettings) throws {
        let data = FilePath(try given.text(.data, default: "data"))
        let durability = try given.choice(.durability, DiskSettings.Durability.self, default: .power)
        let urlLifetime = try given.duration(.urlLifetime, from: 1, to: "7d", default: "1h")
        self.data = data
        metadata = try MetadataChoice(given, durability: durability)
        let uploadLifetime = try given.duration(.uploadLifetime, from: 1, to: "10000d", default: "7d")
        objects = try ObjectsChoice(given, urlLifetime: urlLifetime, uploadLifetime: uploadLifetime)
        server = try Self.server(given)
        disk = DiskSettings(
            folder: data.appending("objects"),
            durability: durability,
            reservedSpace: try given.size(.reservedSpace, 0...(1 << 50), default: 64 << 20),
            threads: Int(try given.size(.diskThreads, 1...1024, default: 16))
        )
        sqlite = SQLiteSettings(
            path: data.appending("pontoon.sqlite").string,
            durability: durability == .power ? .full : .os
        )
        sizing = PartSizing(
            minimumPartSize: try given.size(.minimumPartSize, 1...PartSizing.maximumPartSize, default: 5 << 20)
        )
        self.urlLifetime = urlLifetime
        self.uploadLifetime = uploadLifetime
        keyLifetime = try given.duration(.keyLifetime, from: 1, to: "10000d", default: "30d")
        grace = try given.duration(.grace, from: 0, to: "1d", default: "30s")
        drain = try given.duration(.drain, from: 0, to: "1h", default: "0s")
        let leaseDuration = try given.duration(.leaseDuration, from: 3, to: "1h", default: "30s")
        if case .postgreSQL = metadata, case .s3 = objects {
            self.leaseDuration = leaseDuration
        } else {
            self.leaseDuration = nil
        }
        logLevel = try given.choice(.logLevel, LogLevel.self, default: .notice)
        bootstrapToken = try Self.bootstrapToken(given)
    }

    private static func server(_ given: GivenSettings) throws -> ServerSettings {
        let listen = try given.text(.listen, default: "127.0.0.1:8080")
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]) else {
            throw SettingError(.listen, "'\(listen)' is not HOST:PORT with a port from 0 to 65535")
        }
        let host = listen[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard !host.isEmpty else { throw SettingError(.listen, "'\(listen)' lacks a host; 0.0.0.0 is every address") }
        var publicURL: BaseURL?
        if let text = try given.optionalText(.publicURL) {
            publicURL = BaseURL(text)
            if publicURL == nil { throw SettingError(.publicURL, "'\(text)' is not an http or https URL") }
        }
        return ServerSettings(
            host: host,
            port: Int(port),
            publicURL: publicURL,
            trustsForwardedProto: try given.choice(.trustsForwardedProto, Switch.self, default: .false) == .true,
            idleTimeout: try given.duration(.idleTimeout, from: 1, to: "1d", default: "150s"),
            maximumBodySize: Int(try given.size(.maximumBodySize, 1024...(1 << 30), default: 8 << 20)),
            maximumHeaderSize: Int(try given.size(.maximumHeaderSize, 1024...(64 << 10), default: 32 << 10)),
            rateLimit: try given.rateLimit(.rateLimit)
        )
    }

    private static func bootstrapToken(_ given: GivenSettings) throws -> Secret? {
        guard let token = try given.optionalText(.bootstrapToken) else { return nil }
        guard (16...256).contains(token.utf8.count), token.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw SettingError(.bootstrapToken, "a token is 16 to 256 printable characters without blanks")
        }
        return Secret(token)
    }

    private enum Switch: String, CaseIterable { case `true`, `false` }
}

/// Names of swift-log's levels.
package enum LogLevel: String, CaseIterable { case trace, debug, info, notice, warning, error, critical }
