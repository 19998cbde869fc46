/// The URLs of a bucket, whose name is in the path or in the host name.
struct S3Address: Hashable, Sendable {
    let endpoint: S3Endpoint
    let bucket: String
    let isPathStyle: Bool

    /// Value of the `Host` header.
    var host: String {
        let name = isPathStyle ? endpoint.host : "\(bucket).\(endpoint.host)"
        return endpoint.port.map { "\(name):\($0)" } ?? name
    }

    /// Path of an object or of the bucket; not encoded.
    func path(_ key: String?) -> String {
        switch (isPathStyle, key) {
        case (true, nil): "/\(bucket)"
        case (true, let key?): "/\(bucket)/\(key)"
        case (false, let key): "/\(key ?? "")"
        }
    }

    /// - Parameters:
    ///   - path: Not encoded.
    ///   - query: Encoded; may be empty.
    /// - Returns: A strictly valid URL.
    func url(path: String, query: String) -> String {
        let url = "\(endpoint.scheme)://\(host)\(PercentEncoding.path(path))"
        return query.isEmpty ? url : "\(url)?\(query)"
    }
}
