import PontoonCore

/// The URLs of a bucket, with the bucket's name either in the path or in the host name.
struct S3Address: Hashable, Sendable {
    let endpoint: S3Endpoint
    let bucket: String
    let isPathStyle: Bool

    /// Value of the `Host` header.
    var host: String {
        let name = isPathStyle ? endpoint.host : "\(bucket).\(endpoint.host)"
        return endpoint.port.map { "\(name):\($0)" } ?? name
    }

    /// The origin of all URLs.
    var origin: String { "\(endpoint.scheme)://\(host)" }

    /// Returns the path of an object, or of the bucket if `key` is `nil`; not percent-encoded.
    func path(_ key: String?) -> String {
        switch (isPathStyle, key) {
        case (true, nil): "/\(bucket)"
        case (true, let key?): "/\(bucket)/\(key)"
        case (false, let key): "/\(key ?? "")"
        }
    }

    /// Creates a URL of the bucket.
    ///
    /// - Parameters:
    ///   - path: The path, not percent-encoded.
    ///   - query: The query, percent-encoded; may be empty.
    /// - Returns: The percent-encoded URL.
    func url(path: String, query: String) -> String {
        let url = "\(origin)\(PercentEncoding.path(path))"
        return query.isEmpty ? url : "\(url)?\(query)"
    }
}
