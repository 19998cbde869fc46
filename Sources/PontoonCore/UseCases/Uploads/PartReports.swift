import PontoonFoundation

/// The use case that records part reports.
///
/// With a streaming store, a report must match the record of a stored part. With a presigned store, parts do not pass
/// through this server. Their reports are recorded without verification, and compared with the store's list of parts
/// when the upload is completed.
struct PartReports: Sendable {
    let metadata: any PartStore
    let storage: ObjectStorage
    let now: @Sendable () -> Date

    /// Maximum length in bytes of an ETag reported with a presigned store.
    private static let longestTag = 256

    /// Records all reports or none.
    ///
    /// Reports that are already recorded succeed even while the upload is being completed.
    ///
    /// - Throws: `.uploadNotFound`; `.partUnavailable` if the upload is being completed or is completed;
    ///   `.reportInvalid` if, with a streaming store, a part is not stored or has another ETag, or if, with a presigned
    ///   store, an ETag is too long.
    func record(_ reports: [PartReport], of id: String) async throws {
        if reports.isEmpty { return }
        let rejection: ReportRejection?
        switch storage {
        case .streaming:
            rejection = try await metadata.reportParts(reports, of: id)
        case .presigned:
            try Self.checkTags(reports)
            rejection = try await metadata.recordReports(reports, of: id, at: now())
        }
        if let rejection { throw Self.refusal(rejection) }
    }

    private static func checkTags(_ reports: [PartReport]) throws(PontoonError) {
        guard let report = reports.first(where: { $0.etag.utf8.count > longestTag }) else { return }
        throw PontoonError(
            .reportInvalid,
            """
            The ETag reported for part \(report.number.rawValue) is longer than \(longestTag) bytes; report the ETag \
            that the object store returned.
            """
        )
    }

    private static func refusal(_ rejection: ReportRejection) -> PontoonError {
        switch rejection {
        case .uploadNotFound: .uploadNotFound
        case .uploadNotActive: .uploadCompleting
        case .partNotStored(let number):
            PontoonError(.reportInvalid, "Part \(number.rawValue) is not stored; send it again.")
        case .etagMismatch(let number, let stored):
            PontoonError(
                .reportInvalid,
                """
                The ETag reported for part \(number.rawValue) does not match the ETag of the stored part, '\(stored)'; \
                send the part again.
                """
            )
        }
    }
}
