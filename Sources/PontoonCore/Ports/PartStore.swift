package import Foundation

/// Records of the parts of uploads.
package protocol PartStore: Sendable {
    /// All part records of an upload, ordered by number.
    func parts(of uploadID: String) async throws -> [PartRecord]
    /// Deletes a part record durably, before the part's bytes are overwritten. Writes nothing if there is no record.
    /// - Returns: The deleted record.
    /// - Throws: `.uploadNotFound`, with nothing changed, if the upload is not `.active`: the parts of an upload that
    ///   is being completed are fixed.
    func forgetPart(_ number: PartNumber, of uploadID: String) async throws -> PartRecord?
    /// Records a stored part as not reported, replacing any record of the same number.
    /// - Returns: The replaced record.
    /// - Throws: `.uploadNotFound`, with nothing changed, if the upload is not `.active`.
    func recordPart(_ part: PartRecord, of uploadID: String) async throws -> PartRecord?
    /// Deletes the records of parts that were not reported from a `.completing` upload, which leaves them out of the
    /// file. Writes nothing if there are none.
    /// - Returns: The deleted records, ordered by number.
    func forgetUnreportedParts(of uploadID: String) async throws -> [PartRecord]
    /// Marks stored parts as reported, all or none. ETags are compared case-insensitively. Reports of parts that are
    /// already marked succeed in every state of the upload.
    /// - Returns: The reason for marking nothing; `nil` on success.
    func reportParts(_ reports: [PartReport], of uploadID: String) async throws -> ReportRejection?
    /// Records parts from the client's reports alone, all or none, for object stores that receive the bytes themselves.
    /// A report replaces the record of the same number; a report equal to the record changes nothing and succeeds in
    /// every state of the upload.
    /// - Parameters:
    ///   - reports: If a number occurs more than once, the last report counts.
    ///   - uploadID: The upload.
    ///   - time: Becomes ``PartRecord/storedOn`` of the records that change.
    /// - Returns: The reason for recording nothing; `nil` on success.
    /// - Throws: If the store cannot be reached.
    func recordReports(
        _ reports: [PartReport],
        of uploadID: String,
        at time: Date
    ) async throws -> ReportRejection?
}

/// The reason for rejecting reports of parts.
package enum ReportRejection: Hashable, Sendable {
    case uploadNotFound
    /// The upload is being completed or is completed; its set of reported parts is fixed.
    case uploadNotActive
    case partNotStored(PartNumber)
    /// The reported ETag differs from that of the stored part.
    case etagMismatch(PartNumber, stored: String)
}
