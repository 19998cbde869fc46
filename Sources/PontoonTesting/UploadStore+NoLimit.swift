package import PontoonCore

extension UploadStore {
    /// Adds an upload whose file will have no labels, without a limit on the number of the user's uploads.
    package func addUpload(_ upload: Upload) async throws { try await addUpload(upload, maximum: .max) }

    /// Adds an upload whose file will have no labels.
    package func addUpload(_ upload: Upload, maximum: Int) async throws {
        try await addUpload(upload, labels: FileLabels(), maximum: maximum)
    }
}
