import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func openUploads(
        _ filter: OpenUploadFilter,
        after id: String?,
        limit: Int
    ) async throws -> [OpenUpload] {
        var select = SQLBuilder(selectOpenUploads)
        if let id { select.append(" AND id > ", id) }
        if let user = filter.user { select.append(" AND user_name = ", user) }
        if let project = filter.project { select.append(" AND project_id = ", project) }
        if let time = filter.idleSince {
            select.append(" AND initiated_on < ", time)
            select.append(" AND active_on < ", time)
            select.append(
                " AND NOT EXISTS (SELECT 1 FROM parts WHERE upload_id = uploads.id AND stored_on >= ",
                time
            )
            select.append(")")
        }
        select.append(" ORDER BY id LIMIT ", limit)
        let query = select
        return try await read { connection in
            let rows = try connection.query(query)
            return try zip(rows, connection.summaries(rows)).map { row, summary in
                let times = [try row.date("active_on"), try row.optionalDate("last_part_on")]
                let activeOn = times.compactMap { $0 }.reduce(summary.upload.initiatedOn, max)
                return OpenUpload(summary: summary, activeOn: activeOn)
            }
        }
    }
}

/// The start of the query, to which conditions are appended.
private let selectOpenUploads = """
    SELECT \(uploadColumns), active_on, (SELECT MAX(stored_on) FROM parts WHERE upload_id = uploads.id) AS last_part_on
    FROM uploads WHERE state <> 'completed'
    """

extension SQLBuilder {
    /// Appends SQL, followed by a parameter with the given value.
    fileprivate mutating func append(_ sql: String, _ value: some SQLConvertible) {
        append(sql)
        append(value: value)
    }
}
