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
    package init(method: String, path: String, expires: Int64, signer: URLSigner) {
        let message = Self.message(method: method, path: path, expires: expires, keyID: signer.key.id)
        let signature = hexDigits(signer.code(of: message))
        self.init(method: method, path: path, expires: expires, keyID: signer.key.id, signature: signature)
    }

    /// The query that carries the signature.
    package var query: String { "expires=\(expires)&key=\(keyID)&signature=\(signature)" }

    /// Whether a key made this signature; takes the same time whichever digit differs.
    package func isSigned(by signer: URLSigner) -> Bool {
        guard signer.key.id == keyID, let given = bytes(hex: signature) else { return false }
        return signer.code(of: Self.message(method: method, path: path, expires: expires, keyID: keyID)) == given
    }

    /// Each field on a line of its own: none of them can hold a line break, so no two grants share a message.
    private static func message(method: String, path: String, expires: Int64, keyID: String) -> Data {
        Data("pontoon-v1\n\(keyID)\n\(method)\n\(path)\n\(expires)".utf8)
    }
}

/// A key that is ready to sign: what HMAC makes of the secret is worked out once.
package struct URLSigner: Sendable {
    /// The key.
    package let key: SigningKey
    private let prepared: HMAC<SHA256>

    /// Prepares a key.
    package init(_ key: SigningKey) {
        self.key = key
        prepared = HMAC(key: SymmetricKey(data: Data(key.secret.value.utf8)))
    }

    /// HMAC-SHA256 of a message; compared with other bytes by `==`, it takes the same time whichever of them differs.
    fileprivate func code(of message: Data) -> HMAC<SHA256>.MAC {
        var code = prepared
        code.update(data: message)
        return code.finalize()
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
