import PontoonCore

extension DiskObjectStore: ReachableStore {
    package func ping() async throws {
        try await pool.run { [layout] in
            for folder in [layout.uploads, layout.files] { _ = try Folder.room(folder) }
        }
    }
}
