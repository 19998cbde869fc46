import Crypto
import Foundation

/// Uploads whose bytes go straight to another store: what clients report is compared with what it holds at complete.
extension Uploads {
    /// Longest tag that is taken from a report, in bytes.
    private static let longestTag = 256
    /// Bytes of an object read at a time: each time is a request of its own to the store.
    private static let chunk = 8 << 20

    func recordUnseen(_ reports: [PartReport], of id: String) async throws {
        if let report = reports.first(where: { $0.etag.utf8.count > Self.longestTag }) {
            throw PontoonError(.reportInvalid, "The ETag reported for part \(report.number.rawValue) is no such tag.")
        }
        if let rejection = try await metadata.recordReports(reports, of: id, at: now()) {
            throw Self.refusal(rejection)
        }
    }

    /// Makes the object under a lease; asked again after a lost answer, it finds what was made.
    func makeContent(
        of upload: Upload,
        from reported: [PartRecord],
        in direct: any PresignedObjectStore,
        leaseID: String
    ) async throws -> FileContent {
        let object: FinishedObject?
        if let held = try await direct.listParts(of: upload) {
            let plan = CompletionPlan(
                reported: reported,
                held: held,
                size: upload.size,
                minimumPartSize: direct.minimumPartSize
            )
            object = try await direct.finish(upload, parts: plan.partsToAssemble())
        } else {
            object = try await direct.finishedObject(of: upload, parts: reported)
        }
        guard let object, (upload.size ?? object.size) == object.size else {
            try await restart(upload, in: direct, leaseID: leaseID)
            throw PontoonError(.completeRefused, "The store has lost the parts; send all of them again.")
        }
        return FileContent(
            key: upload.key,
            size: object.size,
            crc64: object.crc64,
            md5: try await verifiedMD5(of: upload, in: direct, leaseID: leaseID)
        )
    }

    /// Reads the whole object, as no part passed through here; before anything says that there is a file.
    private func verifiedMD5(
        of upload: Upload,
        in direct: any PresignedObjectStore,
        leaseID: String
    ) async throws -> String? {
        guard let declared = upload.md5 else { return nil }
        var md5 = Insecure.MD5()
        let reader = try await direct.openObject(upload.key)
        do {
            try await PrefixHasher.hash(reader, into: &md5, chunk: Self.chunk)
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        guard hexDigits(md5.finalize()) == declared else {
            try await restart(upload, in: direct, leaseID: leaseID)
            throw PontoonError(
                .completeRefused,
                "The stored bytes do not have the MD5 that was declared; send all parts again."
            )
        }
        return declared
    }

    /// Begins the upload again with no parts, as what the store has cannot become the file any more.
    private func restart(_ upload: Upload, in direct: any PresignedObjectStore, leaseID: String) async throws {
        let handle = try await direct.prepare(upload.key, size: upload.size)
        // Who lost the lease leaves the new handle to recovery: the key may be another server's by now.
        guard try await metadata.restartUpload(upload.id, leaseID: leaseID, handle: handle) else { throw LeaseLost() }
        try await direct.discard(upload.object)
    }
}
