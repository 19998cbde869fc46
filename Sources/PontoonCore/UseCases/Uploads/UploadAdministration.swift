/// The use cases that list and abort the unfinished uploads of all users, for operators.
package struct UploadAdministration: Sendable {
    /// The result of aborting an upload.
    package enum Outcome: Hashable, Sendable {
        case aborted
        /// The upload is being completed.
        case completing
        /// The upload does not exist, is completed, or has been active since the filter's `idleSince`.
        case notIdle
    }

    private let metadata: any IdentityStore & ProjectStore & UploadStore
    private static let batch = 500

    package init(metadata: any IdentityStore & ProjectStore & UploadStore) { self.metadata = metadata }

    /// Returns the unfinished uploads that match a filter, including those of code packages, longest idle first.
    ///
    /// Uploads that are created, completed or aborted in the meantime may or may not be included.
    ///
    /// - Throws: `.userNotFound` or `.projectNotFound` if the user or project in the filter does not exist; an error if
    ///   the store is unavailable.
    package func uploads(_ filter: OpenUploadFilter) async throws -> [OpenUpload] {
        if let user = filter.user, try await metadata.user(named: user) == nil {
            throw PontoonError.noUser(user)
        }
        if let project = filter.project, try await !metadata.isTaken(project) {
            throw PontoonError.noProject(project)
        }
        var uploads: [OpenUpload] = []
        while true {
            let page = try await metadata.openUploads(
                filter,
                after: uploads.last?.summary.upload.id,
                limit: Self.batch
            )
            uploads += page
            if page.count < Self.batch { break }
        }
        return uploads.sorted { ($0.activeOn, $0.summary.upload.id) < ($1.activeOn, $1.summary.upload.id) }
    }

    /// Returns an unfinished upload, with its labels and the totals of its parts.
    ///
    /// - Throws: `.uploadNotFound` if it does not exist or is completed.
    package func upload(_ id: String) async throws -> UploadSummary {
        guard let summary = try await metadata.uploadSummary(id), summary.upload.state != .completed else {
            throw PontoonError(.uploadNotFound, "There is no unfinished upload '\(id)'.")
        }
        return summary
    }

    /// Aborts an active upload.
    ///
    /// A running server removes the bytes of the upload later.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - filter: The filter with which the upload was listed. Only `idleSince` is used: an upload that has been
    ///     active since then is not aborted.
    /// - Returns: The result.
    /// - Throws: An error if the store is unavailable.
    package func abort(_ id: String, _ filter: OpenUploadFilter = OpenUploadFilter()) async throws -> Outcome {
        if try await metadata.abortUpload(id, ifIdleSince: filter.idleSince) { return .aborted }
        return try await metadata.upload(id)?.state == .completing ? .completing : .notIdle
    }
}
