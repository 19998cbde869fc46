import Foundation
import PontoonCore

/// A value that can be stored in the database.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
}

/// A type whose values can be stored in the database.
package protocol SQLConvertible: Sendable {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLConvertible {
    package var sqlValue: SQLValue { self }
}

extension String: SQLConvertible {
    package var sqlValue: SQLValue { .text(self) }
}

extension Int: SQLConvertible {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLConvertible {
    package var sqlValue: SQLValue { .integer(self) }
}

extension Bool: SQLConvertible {
    /// 0 or 1, because SQLite has no Boolean type.
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension Date: SQLConvertible {
    /// Unix time in milliseconds, clamped to the range of 64 bits.
    package var sqlValue: SQLValue {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        return .integer(Int64(exactly: milliseconds) ?? (milliseconds < 0 ? .min : .max))
    }
}

extension ObjectKey: SQLConvertible {
    package var sqlValue: SQLValue { .text(rawValue) }
}

extension ProjectID: SQLConvertible {
    package var sqlValue: SQLValue { .text(description) }
}

extension PartNumber: SQLConvertible {
    package var sqlValue: SQLValue { .integer(Int64(rawValue)) }
}

extension CRC64NVME: SQLConvertible {
    /// 16 hex digits, because an unsigned 64-bit integer does not fit into `BIGINT`.
    package var sqlValue: SQLValue { .text(hex) }
}
