import Foundation
import PontoonCore

extension FileLabels {
    /// The text to store; `nil` if there are no labels.
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
    /// Returns labels that were stored as ``FileLabels/storedText``.
    /// - Throws: ``SQLRowError`` if the text was not stored by this program.
    func labels(_ column: String) throws -> FileLabels {
        guard let text = try optionalText(column) else { return FileLabels() }
        return try decode(column, text) { try? JSONDecoder().decode(FileLabels.self, from: Data($0.utf8)) }
    }
}
