/// A part with where it goes.
package typealias NumberedPartRequest = (number: PartNumber, request: SignedRequest)

extension Uploads {
    /// Where the client sends parts in a row; what ``partInfo(_:of:caller:base:)`` says of each.
    ///
    /// - Parameters:
    ///   - batch: Which parts.
    ///   - id: The upload.
    ///   - caller: Who asks.
    ///   - base: Where the caller reaches this server.
    /// - Returns: The parts by number; fewer than asked for at the end of the file.
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.partUnavailable` while the upload is being completed.
    package func partInfos(
        _ batch: PartBatch,
        of id: String,
        caller: User,
        base: BaseURL
    ) async throws -> [NumberedPartRequest] {
        try await partInfos(batch, of: try await active(id, caller: caller), base: base)
    }

    /// As ``partInfos(_:of:caller:base:)``, of an upload that the caller has just started.
    package func partInfos(_ batch: PartBatch, of upload: Upload, base: BaseURL) async throws -> [NumberedPartRequest] {
        let now = now()
        var infos: [NumberedPartRequest] = []
        for number in batch.numbers(size: upload.size, partSize: upload.partSize) {
            infos.append((number, try await objects.partRequest(for: upload, part: number, base: base, now: now)))
        }
        return infos
    }
}
