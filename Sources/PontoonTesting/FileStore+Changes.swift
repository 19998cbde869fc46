package import Foundation
package import PontoonCore

extension FileStore {
    package func renameFile(_ id: String, to name: String, now: Date) async throws -> File? {
        try await updateFile(id, FileChange(name: name), now: now)
    }

    package func changeMetadata(
        _ id: String,
        _ values: [String: String?],
        replacing: Bool,
        now: Date
    ) async throws -> File? {
        try await updateFile(id, FileChange(metadata: values, replacesMetadata: replacing), now: now)
    }

    package func replaceTags(_ id: String, _ tags: [String], now: Date) async throws -> File? {
        try await updateFile(id, FileChange(tags: tags), now: now)
    }
}
