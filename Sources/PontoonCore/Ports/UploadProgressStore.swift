package import PontoonFoundation

/// A source of the progress of unfinished uploads, for forecasts.
package protocol UploadProgressStore: Sendable {
    /// Returns one page of a user's unfinished uploads to project folders, newest first, with the sizes of their stored
    /// parts.
    ///
    /// - Parameters:
    ///   - userName: The initiator.
    ///   - projects: Only uploads to these projects are returned; `nil` returns uploads to all projects.
    ///   - time: ``UploadProgress/recentBytes`` counts the parts that were stored at or after this time.
    ///   - page: The range of the list.
    /// - Returns: The page, and the total number of these uploads.
    /// - Throws: An error if the store is unavailable.
    func openUploadProgress(
        of userName: String,
        in projects: Set<ProjectID>?,
        since time: Date,
        page: Page
    ) async throws -> Listing<UploadProgress>
}
