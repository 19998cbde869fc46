import Crypto
import Foundation

/// Paths of the data plane, whose signed URLs need no token.
package enum DataPlanePath {
    package static let root = "/storage/"

    /// `PUT` stores a part.
    package static func part(upload uploadID: String, _ number: PartNumber) -> String {
        "\(root)parts/\(uploadID)/\(number.rawValue)"
    }

    /// `GET` reads a file.
    package static func file(_ id: String) -> String { "\(root)files/\(id)" }
}

/// The authorization in a data-plane URL: one method on one path until a time.
package struct SignedPath: Hashable, Sendable {
    /// HTTP method in upper case.
    package let method: String
    /// Path without query, such as `/storage/parts/{upload_id}/1`.
    package let path: String
    /// Last valid second, in Unix time.
    package let expires: Int64
    package let keyID: String
    /// HMAC-SHA256 as 64 lower-case hex digits.
    package let signature: String

    /// The authorization that a request contains; not verified.
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
        let signature = Hex.encode(signer.code(of: message))
        self.init(method: method, path: path, expires: expires, keyID: signer.key.id, signature: signature)
    }

    /// The query that contains the signature.
    package var query: String { "expires=\(expires)&key=\(keyID)&signature=\(signature)" }

    /// Whether the signature was created with this key, compared in constant time.
    package func isSigned(by signer: URLSigner) -> Bool {
        guard signer.key.id == keyID, let given = Hex.decode(signature) else { return false }
        return signer.code(of: Self.message(method: method, path: path, expires: expires, keyID: keyID)) == given
    }

    /// The signed message, with one field per line.
    ///
    /// Fields cannot contain line breaks, so different authorizations have different messages.
    private static func message(method: String, path: String, expires: Int64, keyID: String) -> Data {
        Data("pontoon-v1\n\(keyID)\n\(method)\n\(path)\n\(expires)".utf8)
    }
}

/// A key that is prepared for signing: the HMAC key schedule is computed once.
package struct URLSigner: Sendable {
    package let key: SigningKey
    private let prepared: HMAC<SHA256>

    package init(_ key: SigningKey) {
        self.key = key
        prepared = HMAC(key: SymmetricKey(data: Data(key.secret.value.utf8)))
    }

    /// HMAC-SHA256 of a message.
    ///
    /// Its `==` compares in constant time.
    fileprivate func code(of message: Data) -> HMAC<SHA256>.MAC {
        var code = prepared
        code.update(data: message)
        return code.finalize()
    }
}
