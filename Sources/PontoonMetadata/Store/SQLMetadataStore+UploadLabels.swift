import Foundation
import PontoonCore

extension FileLabels {
    /// The labels as JSON for the database; `nil` if there are none.
    var storedText: String? {
        get throws {
            guard !isEmpty else { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension SQLRow {
    /// Returns labels that were stored as ``FileLabels/storedText``; empty labels for `NULL`.
    ///
    /// - Throws: ``SQLRowError`` if the text is not valid.
    func labels(_ column: String) throws -> FileLabels {
        guard let text = try optionalText(column) else { return FileLabels() }
        return try decode(column, text) { try? JSONDecoder().decode(FileLabels.self, from: Data($0.utf8)) }
    }
}
