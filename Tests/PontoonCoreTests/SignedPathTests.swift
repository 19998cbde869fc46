import Foundation
import PontoonCore
import Testing

struct SignedPathTests {
    private let key = SigningKey(
        id: "00c0ffee",
        secret: Secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        createdOn: Date(timeIntervalSince1970: 0)
    )

    /// The signatures are computed by Python: `hmac.new(secret.encode(), message.encode(), "sha256").hexdigest()` with
    /// the message `pontoon-v1\n{key}\n{method}\n{path}\n{expires}`.
    @Test(
        "signatures are the HMAC-SHA256 of the five lines",
        arguments: [
            (
                "PUT", "/storage/parts/abc/1", 1_800_000_000,
                "2f345aecf2264aa01f0792aeb5ec04dd439723bac8f1b97f9c37325a85c85c79"
            ),
            (
                "GET", "/storage/files/0123456789abcdef01234567", 1,
                "05092cd1f9020df546ec5d94d9d167b266e7bee16d2001760d07c67156e9c73c"
            ),
        ] as [(String, String, Int64, String)]
    )
    func knownAnswers(method: String, path: String, expires: Int64, signature: String) {
        let signed = SignedPath(method: method, path: path, expires: expires, signer: URLSigner(key))
        #expect(signed.signature == signature)
        #expect(signed.query == "expires=\(expires)&key=00c0ffee&signature=\(signature)")
        #expect(signed.isSigned(by: URLSigner(key)))
    }

    @Test("a signature does not verify with another secret that has the same id")
    func otherSecret() {
        let other = SigningKey(id: key.id, secret: Secret("other"), createdOn: key.createdOn)
        let signed = SignedPath(method: "PUT", path: "/p", expires: 1, signer: URLSigner(key))
        #expect(!signed.isSigned(by: URLSigner(other)))
    }

    @Test("a malformed signature does not verify", arguments: ["", "zz", "abc", "ABCDEF"])
    func malformed(signature: String) {
        let signed = SignedPath(method: "PUT", path: "/p", expires: 1, keyID: key.id, signature: signature)
        #expect(!signed.isSigned(by: URLSigner(key)))
    }

    @Test("a secret never appears in its description")
    func secretsPrintNothing() {
        #expect("\(key)".contains("000102") == false)
        #expect(String(reflecting: key).contains("000102") == false)
    }
}
