/// The console's content security policy, which allows its pages to load code only from this server, and to connect
/// only to this server and, with an S3 store, the bucket.
struct ConsolePolicy: Sendable, CustomStringConvertible {
    /// The value of the header `Content-Security-Policy`.
    let description: String

    /// - Parameter bytesOrigin: The origin with which clients exchange bytes; `nil` if it is this server.
    init(connectsTo bytesOrigin: String?) {
        let targets = ["'self'", bytesOrigin].compactMap(\.self).joined(separator: " ")
        description = [
            "default-src 'self'",
            "connect-src \(targets)",
            "img-src 'self' blob: data:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            // The name of the console's Trusted Types policy, which creates the URLs of its workers.
            "trusted-types pontoon",
        ].joined(separator: "; ")
    }
}
