package import PontoonCore

extension UploadStore {
    /// Adds an upload, regardless of how many its user has.
    package func addUpload(_ upload: Upload) async throws { try await addUpload(upload, maximum: .max) }
}
