package import PontoonFoundation

/// Storage of part records.
package protocol PartStore: Sendable {
    /// Returns all part records of an upload, ordered by number.
    func parts(of uploadID: String) async throws -> [PartRecord]
    /// Deletes the record of a part durably, before the part's bytes are overwritten. Writes nothing if there is no
    /// record.
    ///
    /// - Parameters:
    ///   - number: The part.
    ///   - uploadID: The upload to which the part belongs.
    ///   - length: Length in bytes of the part to be stored instead; `nil` if unknown, in which case quotas are checked
    ///     for a part of 0 bytes.
    /// - Returns: The deleted record; `nil` if there was none.
    /// - Throws: `.uploadNotFound`, with nothing changed, if the upload is not `.active`, because the parts of an
    ///   upload that is being completed no longer change; `.quotaExceeded`, with nothing changed, if the upload has not
    ///   reserved space for a part of this length and a quota has too little space left.
    func forgetPart(
        _ number: PartNumber,
        of uploadID: String,
        replacedBy length: Int64?
    ) async throws -> PartRecord?
    /// Records a stored part as not reported, replacing any record with the same number. If the upload's reservation
    /// does not include the part, the upload then reserves its declared size or the total size of its parts, whichever
    /// is larger. A reservation does not include a part if the upload has no declared size, the reservation has lapsed,
    /// or the part extends beyond the declared size.
    ///
    /// - Returns: The replaced record; `nil` if there was none.
    /// - Throws: `.uploadNotFound`, with nothing changed, if the upload is not `.active`; `.quotaExceeded`.
    func recordPart(_ part: PartRecord, of uploadID: String) async throws -> PartRecord?
    /// Deletes the records of the unreported parts of a `.completing` upload, which are not included in the file. Does
    /// nothing in any other state.
    ///
    /// - Returns: The deleted records, ordered by number.
    func forgetUnreportedParts(of uploadID: String) async throws -> [PartRecord]
    /// Marks stored parts as reported, all or none. ETags are compared case-insensitively. Repeating a successful
    /// report succeeds even while the upload is being completed.
    ///
    /// - Returns: The reason for rejecting the reports; `nil` on success.
    func reportParts(_ reports: [PartReport], of uploadID: String) async throws -> ReportRejection?
    /// Records parts from the client's reports alone, all or none. Used with presigned stores, because their parts do
    /// not pass through this server. A report replaces the record with the same number. A report with the recorded ETag
    /// changes nothing, and succeeds even while the upload is being completed.
    ///
    /// - Parameters:
    ///   - reports: The reports. If several have the same number, the last one counts.
    ///   - uploadID: The upload.
    ///   - time: The ``PartRecord/storedOn`` of the records that are added or replaced.
    /// - Returns: The reason for rejecting the reports; `nil` on success.
    /// - Throws: An error if the store is unavailable.
    func recordReports(
        _ reports: [PartReport],
        of uploadID: String,
        at time: Date
    ) async throws -> ReportRejection?
}

/// The reason for rejecting reports of parts.
package enum ReportRejection: Hashable, Sendable {
    case uploadNotFound
    /// The upload is being completed or is completed, so its set of reported parts is final.
    case uploadNotActive
    /// No part with this number is stored. Only with a streaming store.
    case partNotStored(PartNumber)
    /// The reported ETag differs from `stored`, the ETag of the stored part. Only with a streaming store.
    case etagMismatch(PartNumber, stored: String)
}

extension PartStore {
    /// Deletes a part record; see ``forgetPart(_:of:replacedBy:)``.
    package func forgetPart(_ number: PartNumber, of uploadID: String) async throws -> PartRecord? {
        try await forgetPart(number, of: uploadID, replacedBy: nil)
    }
}
