package import Foundation

/// Signs and verifies the URLs of this server's own data plane.
///
/// A URL authorizes one method on one path until it expires. Signing needs no query, because keys are cached.
package struct DataPlaneURLs: Sendable {
    private let keys: KeyRing

    /// - Parameter keys: Shared by all servers; they also determine the lifetime of a URL.
    package init(_ keys: KeyRing) { self.keys = keys }

    /// The request with which a client sends one part; the part's `ETag` must be reported.
    package func partRequest(
        for upload: Upload,
        part: PartNumber,
        base: BaseURL,
        now: Date
    ) async throws -> SignedRequest {
        let path = DataPlanePath.part(upload: upload.id, part)
        return try await sign("PUT", path, base: base, now: now, reportHeaders: ["ETag"])
    }

    /// The request with which a client reads a whole file.
    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        try await sign("GET", DataPlanePath.file(file.id), base: base, now: now, reportHeaders: [])
    }

    /// Verifies the URL of a request.
    ///
    /// - Throws: `.urlRefused` if it was altered, is for another request, or has expired.
    package func verify(_ signed: SignedPath, now: Date) async throws {
        guard let signer = try await keys.key(signed.keyID), signed.isSigned(by: signer) else {
            throw PontoonError(.urlRefused, "The URL was not issued by this server.")
        }
        guard Double(signed.expires) >= now.timeIntervalSince1970 else {
            throw PontoonError(.urlRefused, "The URL has expired; request a new one.")
        }
    }

    private func sign(
        _ method: String,
        _ path: String,
        base: BaseURL,
        now: Date,
        reportHeaders: [String]
    ) async throws -> SignedRequest {
        // Rounded up to the next second, so that no URL expires before its announced time.
        let expires = Int64((now.timeIntervalSince1970 + keys.urlLifetime.inSeconds).rounded(.up))
        let signed = SignedPath(method: method, path: path, expires: expires, signer: try await keys.current())
        return SignedRequest(
            method: method,
            url: "\(base)\(path)?\(signed.query)",
            expires: Date(timeIntervalSince1970: TimeInterval(expires)),
            reportHeaders: reportHeaders
        )
    }
}
