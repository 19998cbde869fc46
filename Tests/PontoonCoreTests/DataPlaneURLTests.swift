import Foundation
import PontoonCore
import Testing

@Suite("URLs of the data plane")
struct DataPlaneURLTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test("a URL grants one method on one path")
    func grants() async throws {
        let urls = urls()
        let signed = try await signedURL(of: 7, urls)
        try await urls.verify(signed.path(), now: Self.now)
        let others = [
            try signed.path(method: "GET"),
            try signed.path(path: DataPlanePath.part(upload: "upload", try PartNumber(8))),
            try signed.path(laterBy: 1),
            try signed.path(signature: String(repeating: "0", count: 64)),
            try signed.path(signature: "zz"),
            try signed.path(key: "unknown"),
        ]
        for other in others { await expectRefused { try await urls.verify(other, now: Self.now) } }
    }

    @Test("a URL is accepted until its expiry time, which is rounded up to a full second")
    func expires() async throws {
        let urls = urls()
        let signed = try await signedURL(of: 1, urls, now: Self.now.addingTimeInterval(0.25))
        #expect(signed.expires == Self.now.addingTimeInterval(3601))
        try await urls.verify(signed.path(), now: signed.expires)
        await expectRefused { try await urls.verify(try signed.path(), now: signed.expires.addingTimeInterval(1)) }
    }

    private func urls() -> DataPlaneURLs {
        DataPlaneURLs(KeyRing(store: OneKey(), rotationInterval: .seconds(1 << 40), urlLifetime: .seconds(3600)))
    }

    private func signedURL(of part: Int, _ urls: DataPlaneURLs, now: Date = now) async throws -> SignedURL {
        let base = try #require(BaseURL("http://h:1"))
        let request = try await urls.partRequest(for: .fixture(), part: try PartNumber(part), base: base, now: now)
        let components = try #require(URLComponents(string: request.url), "the URL is strictly valid")
        return SignedURL(method: request.method, components: components, expires: request.expires)
    }

    private func expectRefused(_ body: () async throws -> Void) async {
        let error = await #expect(throws: PontoonError.self) { try await body() }
        #expect(error?.code == .urlRefused)
    }
}

/// A signed URL whose components a test can alter.
private struct SignedURL {
    let method: String
    let components: URLComponents
    let expires: Date

    func path(
        method: String? = nil,
        path: String? = nil,
        laterBy seconds: Int64 = 0,
        signature: String? = nil,
        key: String? = nil
    ) throws -> SignedPath {
        func value(_ name: String) throws -> String {
            try #require(components.queryItems?.first { $0.name == name }?.value)
        }
        return SignedPath(
            method: method ?? self.method,
            path: path ?? components.path,
            expires: try #require(Int64(try value("expires"))) + seconds,
            keyID: try key ?? value("key"),
            signature: try signature ?? value("signature")
        )
    }
}

private struct OneKey: SigningKeyStore {
    func signingKeys() async throws -> [SigningKey] {
        [SigningKey(id: "0badcafe", secret: Secret("secret"), createdOn: Date(timeIntervalSince1970: 0))]
    }
    func addSigningKey(_ key: SigningKey) async throws {}
    func pruneSigningKeys(before: Date) async throws {}
}
