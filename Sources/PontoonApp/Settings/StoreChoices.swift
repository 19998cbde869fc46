import Foundation
import PontoonCore
package import PontoonMetadata
package import PontoonObjects

/// Where everything but the bytes is remembered.
package enum MetadataChoice: Sendable {
    case sqlite
    case postgreSQL(PostgreSQLSettings)

    /// Reads `--metadata`.
    package init(_ given: GivenSettings, durability: DiskSettings.Durability) throws {
        let text = try given.text(.metadata, default: "sqlite")
        if text.lowercased() == "sqlite" {
            self = .sqlite
            return
        }
        do {
            var settings = try PostgreSQLSettings(url: text)
            settings.durability = durability == .power ? .full : .os
            self = .postgreSQL(settings)
        } catch {
            // The text is not repeated: a password may be in it.
            throw SettingError(.metadata, "neither sqlite nor a URL of PostgreSQL: \(error)")
        }
    }
}

/// Where the bytes are.
package enum ObjectsChoice: Sendable {
    case disk
    case s3(S3Settings, S3Credentials)

    /// Reads `--objects`, and the credentials from the environment.
    package init(_ given: GivenSettings, urlLifetime: Duration, uploadLifetime: Duration) throws {
        let text = try given.text(.objects, default: "disk")
        if text.lowercased() == "disk" {
            self = .disk
            return
        }
        guard text.lowercased().hasPrefix("s3://") else {
            throw SettingError(.objects, "neither disk nor s3://BUCKET/PREFIX?endpoint=URL")
        }
        do {
            var settings = try S3Settings(url: text)
            settings.urlLifetime = urlLifetime
            settings.orphanAge = min(settings.orphanAge, uploadLifetime)
            self = .s3(settings, try Self.credentials(given.environment))
        } catch let error as S3SettingsError {
            throw SettingError(.objects, "the URL \(error)")
        }
    }

    private static func credentials(_ environment: [String: String]) throws -> S3Credentials {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else {
            throw SettingError(
                .objects,
                "s3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and one is missing"
            )
        }
        return S3Credentials(
            accessKeyID: id,
            secretAccessKey: Secret(secret),
            sessionToken: value("AWS_SESSION_TOKEN").map { Secret($0) }
        )
    }
}
