import Foundation
package import SystemPackage

/// Settings of the S3 store.
package struct S3Settings: Hashable, Sendable {
    /// Name of an existing bucket.
    package var bucket: String
    /// Prefix of all object names, without leading or trailing slashes; may be empty.
    package var prefix: String
    /// URL at which this server reaches the store.
    package var endpoint: S3Endpoint
    /// URL at which clients reach the store, used in presigned URLs.
    package var publicEndpoint: S3Endpoint
    /// Region, such as `us-east-1`; part of every signature.
    package var region: String
    /// Whether URLs contain the bucket's name in the path rather than in the host name.
    package var isPathStyle: Bool
    /// PEM file with the CA certificates to trust instead of the system's; `nil` to trust the system's.
    package var certificates: FilePath?
    /// Lifetime of presigned URLs, from 1 second to 7 days.
    package var urlLifetime: Duration = .seconds(3600)
    /// Age above which a multipart upload that belongs to no open upload, or an empty object without a record, counts
    /// as an orphan.
    ///
    /// Must be much longer than a server needs to commit the record.
    package var orphanAge: Duration = .seconds(3600)
    /// Maximum number of connections from this server to the store, and therefore of concurrent requests.
    package var connections = 64
    /// Timeout for opening a connection.
    package var connectTimeout: Duration = .seconds(5)
    /// Maximum time without progress while reading a response or writing a request.
    package var readTimeout: Duration = .seconds(60)
    /// Maximum number of attempts for a request that fails with transient errors; at least 1.
    package var attempts = 4

    /// The query parameters that ``init(url:)`` accepts.
    private static let parameters: Set<String> = ["endpoint", "region", "path-style", "public-endpoint", "ca-file"]

    /// Parses `s3://bucket[/prefix]?endpoint=…&region=…&path-style=true|false&public-endpoint=…&ca-file=…`.
    ///
    /// All parameters are optional. The default region is `us-east-1`, the default endpoint is Amazon S3 in the region,
    /// and the default public endpoint is the endpoint. If an endpoint is given, URLs are path-style unless
    /// `path-style=false`.
    ///
    /// - Throws: ``S3SettingsError`` if the URL or a parameter is invalid, or the URL contains credentials.
    package init(url text: String) throws(S3SettingsError) {
        guard let url = URLComponents(string: text), url.scheme == "s3", let bucket = url.host, !bucket.isEmpty else {
            throw S3SettingsError("must have the form s3://bucket/prefix?endpoint=https://host&region=us-east-1")
        }
        guard url.user == nil, url.password == nil else {
            throw S3SettingsError(
                "must not contain credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
            )
        }
        guard url.port == nil, url.fragment == nil else {
            throw S3SettingsError(
                "must not contain a port or fragment; give the host and port of the store as 'endpoint'"
            )
        }
        self.bucket = bucket
        prefix = try Self.checkedPrefix(url.path)
        let values = try Self.values(url.queryItems ?? [])
        region = values["region"] ?? "us-east-1"
        guard !region.isEmpty, region.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw S3SettingsError("has an invalid 'region' '\(region)'; use a name such as 'us-east-1'")
        }
        endpoint = try Self.endpoint(values["endpoint"] ?? "https://s3.\(region).amazonaws.com", "endpoint")
        publicEndpoint = try values["public-endpoint"].map(Self.publicEndpoint) ?? endpoint
        isPathStyle = try Self.flag(values["path-style"], "path-style") ?? (values["endpoint"] != nil)
        certificates = values["ca-file"].map { FilePath($0) }
        guard certificates?.isEmpty != true else {
            throw S3SettingsError("has an empty 'ca-file'; specify the path of a PEM file")
        }
    }

    private static func values(_ items: [URLQueryItem]) throws(S3SettingsError) -> [String: String] {
        var values: [String: String] = [:]
        for item in items {
            guard parameters.contains(item.name) else {
                let known = parameters.sorted().map { "'\($0)'" }.joined(separator: ", ")
                throw S3SettingsError("has an unknown parameter '\(item.name)'; the supported parameters are \(known)")
            }
            guard values.updateValue(item.value ?? "", forKey: item.name) == nil else {
                throw S3SettingsError("has the parameter '\(item.name)' more than once")
            }
        }
        return values
    }

    /// Returns the prefix in the path of the store's URL, without leading and trailing slashes.
    ///
    /// - Throws: ``S3SettingsError`` for a prefix that some S3 stores reject. SeaweedFS, for example, allows neither
    ///   `//` nor segments of more than 255 bytes.
    private static func checkedPrefix(_ path: String) throws(S3SettingsError) -> String {
        var prefix = path[...]
        while prefix.hasPrefix("/") { prefix.removeFirst() }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        guard prefix.utf8.count <= 512 else { throw S3SettingsError("has a prefix longer than 512 bytes") }
        let segments = prefix.isEmpty ? [] : prefix.split(separator: "/", omittingEmptySubsequences: false)
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != "..", segment.utf8.count <= 255 else {
                throw S3SettingsError(
                    "has a prefix with a segment that is empty, '.', '..' or longer than 255 bytes"
                )
            }
            guard segment.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw S3SettingsError("has a prefix with control characters")
            }
        }
        return String(prefix)
    }

    private static func publicEndpoint(_ text: String) throws(S3SettingsError) -> S3Endpoint {
        try endpoint(text, "public-endpoint")
    }

    private static func endpoint(_ text: String, _ name: String) throws(S3SettingsError) -> S3Endpoint {
        guard let endpoint = S3Endpoint(text) else {
            throw S3SettingsError("has an invalid '\(name)'; use a URL of the form http(s)://host[:port]")
        }
        return endpoint
    }

    private static func flag(_ text: String?, _ name: String) throws(S3SettingsError) -> Bool? {
        switch text {
        case nil: nil
        case "true": true
        case "false": false
        default: throw S3SettingsError("has an invalid '\(name)'; use 'true' or 'false'")
        }
    }
}

/// The error for an invalid URL of an S3 store.
package struct S3SettingsError: Error, CustomStringConvertible {
    /// The error message without its subject, the URL; contains no secrets.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Scheme, host and port of an S3 store.
package struct S3Endpoint: Hashable, Sendable {
    package let isEncrypted: Bool
    /// Host name or IP address, in lower case.
    package let host: String
    /// Port; `nil` for the scheme's default port, even if the URL contains it.
    package let port: Int?

    /// Parses a URL.
    ///
    /// - Returns: `nil` unless the scheme is `http` or `https`, and the URL has a host but no user, query, fragment or
    ///   path other than `/`.
    package init?(_ text: String) {
        guard let url = URLComponents(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
            let host = url.host, !host.isEmpty, ["", "/"].contains(url.path), url.query == nil, url.fragment == nil,
            url.user == nil, url.password == nil
        else { return nil }
        isEncrypted = scheme == "https"
        self.host = host.lowercased()
        port = url.port == (isEncrypted ? 443 : 80) ? nil : url.port
    }

    var scheme: String { isEncrypted ? "https" : "http" }
}
