import Crypto
import Foundation

/// What a data-plane URL grants: one method on one path, until a time.
package struct SignedPath: Hashable, Sendable {
    /// HTTP method, upper case.
    package let method: String
    /// Path without query, such as `/storage/parts/{upload_id}/1`.
    package let path: String
    /// Unix seconds after which it is not admitted any more.
    package let expires: Int64
    /// Id of the key that signed it.
    package let keyID: String
    /// HMAC-SHA256 as 64 lower-case hex digits.
    package let signature: String

    /// Takes the pieces of a URL that came in.
    package init(method: String, path: String, expires: Int64, keyID: String, signature: String) {
        self.method = method
        self.path = path
        self.expires = expires
        self.keyID = keyID
        self.signature = signature
    }

    /// Signs a path.
    package init(method: String, path: String, expires: Int64, key: SigningKey) {
        let code = Self.code(method: method, path: path, expires: expires, key: key)
        self.init(method: method, path: path, expires: expires, keyID: key.id, signature: hexDigits(code))
    }

    /// The query that carries the signature.
    package var query: String { "expires=\(expires)&key=\(keyID)&signature=\(signature)" }

    /// Whether a key made this signature; takes the same time whichever digit differs.
    package func isSigned(by key: SigningKey) -> Bool {
        guard key.id == keyID, let given = bytes(hex: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            given,
            authenticating: Self.message(method: method, path: path, expires: expires, keyID: key.id),
            using: SymmetricKey(data: Data(key.secret.value.utf8))
        )
    }

    private static func code(
        method: String,
        path: String,
        expires: Int64,
        key: SigningKey
    ) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(
            for: message(method: method, path: path, expires: expires, keyID: key.id),
            using: SymmetricKey(data: Data(key.secret.value.utf8))
        )
    }

    /// Each field on a line of its own: none of them can hold a line break, so no two grants share a message.
    private static func message(method: String, path: String, expires: Int64, keyID: String) -> Data {
        Data("pontoon-v1\n\(keyID)\n\(method)\n\(path)\n\(expires)".utf8)
    }
}

private func bytes(hex: String) -> [UInt8]? {
    let digits = Array(hex.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}
