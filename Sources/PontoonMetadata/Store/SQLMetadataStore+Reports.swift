package import Foundation
package import PontoonCore

/// Part records for presigned object stores, which receive the bytes directly from clients.
extension SQLMetadataStore {
    package func recordReports(
        _ reports: [PartReport],
        of uploadID: String,
        at time: Date
    ) async throws -> ReportRejection? {
        guard !reports.isEmpty else { return nil }
        return try await write(changing: .none) { connection in
            let state = try connection.query(selectUploadState, [uploadID], lock: .forShare("uploads")).first
            var known = try connection.reportedTags(for: reports, of: uploadID)
            for report in reports where known[report.number] != report.etag {
                guard let state else { return .uploadNotFound }
                guard try state.text("state") == Upload.State.active.rawValue else { return .uploadNotActive }
                known[report.number] = report.etag
                try connection.enqueue(
                    upsertReport,
                    [uploadID, report.number, report.etag, PartLocation.remote.rawValue, time]
                )
            }
            return nil
        }
    }
}

extension SQLConnection {
    /// Returns the ETags of all reported parts from the lowest to the highest number in `reports`.
    fileprivate func reportedTags(for reports: [PartReport], of uploadID: String) throws -> [PartNumber: String] {
        let numbers = reports.map(\.number)
        let rows = try query(selectReportedTags, [uploadID, numbers.min(), numbers.max()])
        return try rows.reduce(into: [:]) { tags, row in
            tags[try row.decode("number", try row.count("number")) { try PartNumber($0) }] = try row.text("etag")
        }
    }
}

private let selectReportedTags: SQLStatement = """
    SELECT number, etag FROM parts WHERE upload_id = $1 AND number BETWEEN $2 AND $3 AND is_reported = 1
    """
private let upsertReport: SQLStatement = """
    INSERT INTO parts (upload_id, number, size, etag, place, stored_on, is_reported) VALUES ($1, $2, 0, $3, $4, $5, 1)
    ON CONFLICT (upload_id, number) DO UPDATE SET size = 0, etag = excluded.etag, crc64 = NULL, place = excluded.place,
        stored_on = excluded.stored_on, is_reported = 1
    """
