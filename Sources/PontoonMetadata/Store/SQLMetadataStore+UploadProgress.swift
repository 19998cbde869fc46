package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func openUploadProgress(
        of userName: String,
        in projects: Set<ProjectID>?,
        since time: Date,
        page: Page
    ) async throws -> Listing<UploadProgress> {
        try await read { connection in
            let open = try connection.openUploads(of: userName, in: projects, page: page)
            guard !open.items.isEmpty else { return Listing(items: [], total: open.total) }
            // The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
            var select = SQLBuilder(
                "SELECT upload_id, CAST(SUM(size) AS BIGINT) AS bytes, CAST(SUM(CASE WHEN stored_on >= "
            )
            select.append(value: time)
            select.append(" THEN size ELSE 0 END) AS BIGINT) AS recent FROM parts WHERE upload_id IN ")
            select.append(list: try open.items.map { try $0.text("id") })
            select.append(" GROUP BY upload_id")
            let sums: [String: SQLRow] = try connection.query(select)
                .reduce(into: [:]) { $0[try $1.text("upload_id")] = $1 }
            let items = try open.items.map { row in
                let upload = try row.upload()
                let sums = sums[upload.id]
                return UploadProgress(
                    upload: upload,
                    storedBytes: try sums?.integer("bytes") ?? 0,
                    recentBytes: try sums?.integer("recent") ?? 0
                )
            }
            return Listing(items: items, total: open.total)
        }
    }
}
