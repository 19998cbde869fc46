package import PontoonCore

extension SQLMetadataStore {
    /// The current load of the database, and totals since it was opened.
    package var activity: DatabaseActivity { driver.activity }

    package func storeTotals() async throws -> StoreTotals {
        try await read { connection in
            var totals = StoreTotals()
            if let row = try connection.query(selectObjectTotals).first {
                totals.objects = try row.integer("objects")
                totals.bytes = try row.integer("bytes")
            }
            if let row = try connection.query(selectOpenUploadTotals).first {
                totals.openUploads = try row.integer("uploads")
                totals.openUploadBytes = try row.integer("bytes")
            }
            if let row = try connection.query(selectReservedTotal).first {
                totals.reservedBytes = try row.integer("bytes")
            }
            if let row = try connection.query(selectDiscardedTotal).first {
                totals.discardedObjects = try row.integer("objects")
            }
            if let row = try connection.query(selectDamagedTotal).first {
                totals.damagedObjects = try row.integer("objects")
            }
            if let row = try connection.query(selectOldestUndelivered).first {
                totals.oldestUndelivered = try row.optionalDate("oldest")
            }
            return totals
        }
    }
}

// The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let selectObjectTotals: SQLStatement = """
    SELECT COUNT(*) AS objects, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM objects
    """
private let selectOpenUploadTotals: SQLStatement = """
    SELECT COUNT(*) AS uploads, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM uploads
    WHERE state <> 'completed'
    """
private let selectReservedTotal: SQLStatement = """
    SELECT CAST(COALESCE(SUM(reserved_bytes), 0) AS BIGINT) AS bytes FROM project_usage
    """
private let selectDiscardedTotal: SQLStatement = "SELECT COUNT(*) AS objects FROM discarded_objects"
private let selectDamagedTotal: SQLStatement = "SELECT COUNT(*) AS objects FROM objects WHERE damage IS NOT NULL"
private let selectOldestUndelivered = SQLStatement(
    constant: """
        SELECT MIN(pending_since) AS oldest FROM webhooks
        WHERE state = 'active' AND pending_since IS NOT NULL AND \(usableWebhook)
        """
)
