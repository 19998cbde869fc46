import Foundation

/// The header that makes a browser save an answer under a name.
package enum ContentDisposition {
    /// Plain name for old clients, the true one in UTF-8 for the others.
    ///
    /// - Note: Source: RFC 6266.
    package static func attachment(named name: String) -> String {
        let plain = String(name.map { $0.isASCII && $0 != "\"" && $0 != "\\" && $0 != "%" ? $0 : "_" })
        let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
    }
}
