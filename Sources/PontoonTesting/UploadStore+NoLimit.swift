package import PontoonCore

extension UploadStore {
    /// Adds an upload without labels, and without a limit on the number of the user's uploads.
    package func addUpload(_ upload: Upload) async throws { try await addUpload(upload, maximum: .max) }

    /// Adds an upload without labels.
    package func addUpload(_ upload: Upload, maximum: Int) async throws {
        try await addUpload(upload, labels: FileLabels(), maximum: maximum)
    }
}
