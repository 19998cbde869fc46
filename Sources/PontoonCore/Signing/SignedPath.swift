import Crypto
import PontoonFoundation

/// The paths of signed URLs in the data plane.
package enum DataPlanePath {
    package static let root = "/storage/"

    /// Returns the path at which `PUT` stores a part.
    package static func part(upload uploadID: String, _ number: PartNumber) -> String {
        "\(root)parts/\(uploadID)/\(number.rawValue)"
    }

    /// Returns the path at which `GET` and `HEAD` read a file.
    package static func file(_ id: String) -> String { "\(root)files/\(id)" }

    /// Prefix of the paths of archives of folders.
    package static let archives = "\(root)archives/"

    /// Returns the path at which `GET` and `HEAD` read an archive of a folder on behalf of a user.
    ///
    /// - Parameters:
    ///   - folderID: Id of the folder.
    ///   - version: The version of the folder's listing; the path is not valid for any other version.
    ///   - format: The format of the archive.
    ///   - userName: The user whose concurrent downloads are limited. The name needs no percent-encoding.
    /// - Returns: The path.
    package static func archive(
        of folderID: String,
        version: String,
        as format: FolderArchiveFormat,
        userName: String
    ) -> String {
        "\(archives)\(userName)/\(folderID)/\(version)/\(format.rawValue)"
    }
}

/// The authorization in a signed URL, which allows one method on one path until it expires.
package struct SignedPath: Hashable, Sendable {
    /// HTTP method in upper case.
    package let method: String
    /// Path without query, such as `/storage/parts/{upload_id}/1`.
    package let path: String
    /// Time until which the URL is valid, in Unix seconds.
    package let expires: Int64
    package let keyID: String
    /// HMAC-SHA256 as 64 lower-case hex digits.
    package let signature: String

    /// Creates an authorization from the fields of a request, without verifying the signature.
    package init(method: String, path: String, expires: Int64, keyID: String, signature: String) {
        self.method = method
        self.path = path
        self.expires = expires
        self.keyID = keyID
        self.signature = signature
    }

    /// Creates an authorization that is signed with the signer's key.
    package init(method: String, path: String, expires: Int64, signer: URLSigner) {
        let message = Self.message(method: method, path: path, expires: expires, keyID: signer.key.id)
        let signature = Hex.encode(signer.code(of: message))
        self.init(method: method, path: path, expires: expires, keyID: signer.key.id, signature: signature)
    }

    /// The query of the signed URL, which contains the expiry time, key id and signature.
    package var query: String { "expires=\(expires)&key=\(keyID)&signature=\(signature)" }

    /// Returns whether the signature was created with this key for these fields.
    ///
    /// Compares in constant time. Does not check whether the URL has expired.
    package func isSigned(by signer: URLSigner) -> Bool {
        guard signer.key.id == keyID, let given = Hex.decode(signature) else { return false }
        return signer.code(of: Self.message(method: method, path: path, expires: expires, keyID: keyID)) == given
    }

    /// Returns the message to sign, with one field per line.
    ///
    /// Fields cannot contain line breaks, so different authorizations have different messages.
    private static func message(method: String, path: String, expires: Int64, keyID: String) -> Data {
        Data("pontoon-v1\n\(keyID)\n\(method)\n\(path)\n\(expires)".utf8)
    }
}

/// A signing key whose HMAC state is computed once and reused for every signature.
package struct URLSigner: Sendable {
    package let key: SigningKey
    private let prepared: HMAC<SHA256>

    package init(_ key: SigningKey) {
        self.key = key
        prepared = HMAC(key: SymmetricKey(data: Data(key.secret.value.utf8)))
    }

    /// Returns the HMAC-SHA256 of a message, as a value that `==` compares in constant time.
    fileprivate func code(of message: Data) -> HMAC<SHA256>.MAC {
        var code = prepared
        code.update(data: message)
        return code.finalize()
    }
}
