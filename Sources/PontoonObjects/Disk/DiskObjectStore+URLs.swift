package import Foundation
package import PontoonCore

extension DiskObjectStore {
    package func partRequest(
        for upload: Upload,
        part: PartNumber,
        base: BaseURL,
        now: Date
    ) async throws -> SignedRequest {
        let path = DataPlanePath.part(upload: upload.id, part)
        return try await sign(method: "PUT", path: path, base: base, now: now, reportHeaders: ["ETag"])
    }

    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        try await sign(method: "GET", path: DataPlanePath.file(file.id), base: base, now: now, reportHeaders: [])
    }

    package func verify(_ signed: SignedPath, now: Date) async throws {
        guard let signer = try await keys.key(signed.keyID), signed.isSigned(by: signer) else {
            throw PontoonError(.urlRefused, "The URL was not issued by this server.")
        }
        guard Double(signed.expires) >= now.timeIntervalSince1970 else {
            throw PontoonError(.urlRefused, "The URL has expired; ask for a new one.")
        }
    }

    private func sign(
        method: String,
        path: String,
        base: BaseURL,
        now: Date,
        reportHeaders: [String]
    ) async throws -> SignedRequest {
        // Up to a whole second, so that no URL lives shorter than promised.
        let expires = Int64((now.timeIntervalSince1970 + settings.urlLifetime.inSeconds).rounded(.up))
        let signed = SignedPath(method: method, path: path, expires: expires, signer: try await keys.current())
        return SignedRequest(
            method: method,
            url: "\(base)\(path)?\(signed.query)",
            expires: Date(timeIntervalSince1970: TimeInterval(expires)),
            reportHeaders: reportHeaders
        )
    }
}
