/// The `Content-Disposition` header that makes a browser save a response as a file.
package enum ContentDisposition {
    /// Returns the header's value: the name in ASCII for old clients, with `_` for all other characters, and the exact
    /// name in UTF-8 for all other clients.
    ///
    /// Source: RFC 6266.
    package static func attachment(named name: String) -> String {
        let plain = String(name.map { $0.isASCII && $0 != "\"" && $0 != "\\" && $0 != "%" ? $0 : "_" })
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(PercentEncoding.component(name))"
    }
}
