package import PontoonCore

extension UploadStore {
    /// Adds an upload, regardless of how many its user has.
    package func addUpload(_ upload: Upload) async throws { try await addUpload(upload, maximum: .max) }

    /// Adds an upload whose file will have no labels.
    package func addUpload(_ upload: Upload, maximum: Int) async throws {
        try await addUpload(upload, labels: FileLabels(), maximum: maximum)
    }
}
