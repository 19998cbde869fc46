package import PontoonFoundation

/// The signer and verifier of signed URLs of this server's data plane.
///
/// A URL authorizes one method on one path until it expires. Signing needs no database query once the keys are cached.
package struct DataPlaneURLs: Sendable {
    private let keys: KeyRing

    /// - Parameter keys: The signing keys, which all servers share, and the lifetime of URLs.
    package init(_ keys: KeyRing) { self.keys = keys }

    /// Returns the request with which a client sends one part.
    ///
    /// The client must report the `ETag` of the response.
    package func partRequest(
        for upload: Upload,
        part: PartNumber,
        base: BaseURL,
        now: Date
    ) async throws -> SignedRequest {
        let path = DataPlanePath.part(upload: upload.id, part)
        return try await sign("PUT", path, base: base, now: now, reportHeaders: ["ETag"])
    }

    /// Returns the request with which a client reads a whole file.
    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        try await sign("GET", DataPlanePath.file(file.id), base: base, now: now, reportHeaders: [])
    }

    /// Returns the request with which a user reads an archive of a folder.
    package func archiveRequest(
        for listing: FolderListing,
        userName: String,
        base: BaseURL,
        now: Date
    ) async throws -> SignedRequest {
        let path = DataPlanePath.archive(
            of: listing.folder.id,
            version: listing.version,
            as: listing.format,
            userName: userName
        )
        return try await sign("GET", path, base: base, now: now, reportHeaders: [])
    }

    /// Verifies the signed URL of a request.
    ///
    /// - Throws: `.urlRefused` if the URL was altered, is for another request, or has expired, or if the key with which
    ///   it was signed no longer exists.
    package func verify(_ signed: SignedPath, now: Date) async throws {
        guard let signer = try await keys.key(signed.keyID), signed.isSigned(by: signer) else {
            throw PontoonError(.urlRefused, "The signature of the URL is not valid; request a new URL.")
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
        // Rounded up to a whole second, so that every URL is valid for at least its configured lifetime.
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
