#if PostgreSQL
import CLibPQ
import PontoonMetadata

/// The result of one statement, copied from libpq.
struct StatementResult {
    let rows: [SQLRow]
    /// Number of rows changed or returned.
    let changes: Int
    /// The server's command tag, such as `COMMIT`.
    let tag: String

    static let none = StatementResult(rows: [], changes: 0, tag: "")

    private init(rows: [SQLRow], changes: Int, tag: String) {
        self.rows = rows
        self.changes = changes
        self.tag = tag
    }

    /// Copies a libpq result.
    ///
    /// - Throws: ``SQLError`` if a value has a type other than integer or text; `NULL` and `void` are allowed.
    init(_ raw: OpaquePointer) throws(SQLError) {
        tag = String(cString: PQcmdStatus(raw))
        changes = Int(String(cString: PQcmdTuples(raw))) ?? 0
        let columns = 0..<PQnfields(raw)
        let names = columns.map { String(cString: PQfname(raw, $0)) }
        let types = columns.map { PQftype(raw, $0) }
        var rows: [SQLRow] = []
        for row in 0..<PQntuples(raw) {
            var values: [SQLValue] = []
            for column in columns { values.append(try Self.value(raw, row, column, types[Int(column)])) }
            rows.append(SQLRow(columns: names, values: values))
        }
        self.rows = rows
    }

    // The numbers are type OIDs from pg_type. 20, 21, 23: int8, int2, int4. 19, 25, 1042, 1043: name, text, bpchar,
    // varchar. 2278: void.
    private static func value(
        _ raw: OpaquePointer,
        _ row: CInt,
        _ column: CInt,
        _ type: Oid
    ) throws(SQLError) -> SQLValue {
        guard PQgetisnull(raw, row, column) == 0, let start = PQgetvalue(raw, row, column) else { return .null }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(raw, row, column)))
        let text = String(decoding: bytes, as: UTF8.self)
        switch type {
        case 20, 21, 23:
            guard let integer = Int64(text) else { throw SQLError(.other, "PostgreSQL returned an invalid integer") }
            return .integer(integer)
        case 19, 25, 1042, 1043: return .text(text)
        case 2278: return .null
        default:
            let name = PQfname(raw, column).map { String(cString: $0) } ?? ""
            throw SQLError(.other, "column '\(name)' has the unsupported type OID \(type); cast it to bigint or text")
        }
    }
}
#endif
