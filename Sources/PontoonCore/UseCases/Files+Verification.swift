import PontoonFoundation

extension Files {
    /// Requests a check in which the server reads a file's bytes again and compares them with its checksum.
    ///
    /// - Returns: The file with its ``ContentVerification/requestedOn`` set. The check runs in the background and then
    ///   clears this time in the record.
    /// - Throws: `.fileNotFound`; `.fileForbidden` if the caller lacks the permission `copy`; `.folderNotDownloadable`
    ///   for a folder.
    package func requestVerification(_ id: String, caller: Caller) async throws -> File {
        let file = try await access.file(id, for: caller, needing: .copy)
        guard let content = file.content else {
            throw PontoonError(.folderNotDownloadable, "A folder has no content to verify; verify its files.")
        }
        let now = now()
        guard try await metadata.requestCheck(of: content.key, now: now) else { throw PontoonError.fileNotFound }
        return file.requested(on: now)
    }
}

extension File {
    /// Returns the file with the time of a requested check; the time of an earlier request is kept.
    ///
    /// The file is not read from the store again, because a fast check may already have removed the request.
    fileprivate func requested(on time: Date) -> File {
        var copy = self
        copy.content?.verification.requestedOn = content?.verification.requestedOn ?? time
        return copy
    }
}
