import Foundation
import PontoonCore
package import PontoonObjects
package import PontoonPostgreSQL

/// The kind and location of the metadata store.
package enum MetadataChoice: Sendable {
    case sqlite
    case postgreSQL(PostgreSQLSettings)
}

/// The kind and location of the object store.
package enum ObjectsChoice: Sendable {
    case disk
    case s3(S3Settings, S3Credentials)
}

/// The value of the setting `objects`, which does not include credentials.
package enum ObjectsAddress: Sendable {
    case disk
    case s3(S3Settings)
}

extension SettingFormat where Value == MetadataChoice {
    static var metadata: Self {
        SettingFormat(
            placeholder: "sqlite|url",
            allowed: nil,
            expectation: "sqlite or the URL of a PostgreSQL database"
        ) {
            if $0.isEmpty { return nil }
            return $0.lowercased() == "sqlite" ? .sqlite : .postgreSQL(try PostgreSQLSettings(url: $0))
        }
    }
}

extension SettingFormat where Value == ObjectsAddress {
    static var objects: Self {
        SettingFormat(
            placeholder: "disk|url",
            allowed: nil,
            expectation: "disk or s3://BUCKET/PREFIX?endpoint=URL"
        ) { text in
            if text.lowercased() == "disk" { return .disk }
            guard text.lowercased().hasPrefix("s3://") else { return nil }
            do {
                return .s3(try S3Settings(url: text))
            } catch {
                throw UnusableURL(description: "the URL \(error)")
            }
        }
    }
}

private struct UnusableURL: Error, CustomStringConvertible {
    let description: String
}

extension S3Credentials {
    /// Reads the credentials from the environment variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    /// `AWS_SESSION_TOKEN`.
    ///
    /// - Throws: ``SettingError`` if the access key or its secret is missing.
    init(environment: [String: String]) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else {
            throw SettingError(
                .objects,
                "credentials are missing; set the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        }
        self.init(
            accessKeyID: id,
            secretAccessKey: Secret(secret),
            sessionToken: value("AWS_SESSION_TOKEN").map { Secret($0) }
        )
    }
}
