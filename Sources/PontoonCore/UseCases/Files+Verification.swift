import Foundation

extension Files {
    /// Requests that the server reads a file's bytes again and compares them with its checksum.
    ///
    /// - Returns: The file, whose ``ContentVerification/requestedOn`` is set; it is `nil` again when the bytes are
    ///   checked.
    /// - Throws: `.fileNotFound`, `.fileForbidden`; `.folderNotDownloadable` for a folder.
    package func requestVerification(_ id: String, caller: Caller) async throws -> File {
        let file = try await access.file(id, for: caller, needing: .copy)
        guard let content = file.content else {
            throw PontoonError(.folderNotDownloadable, "A folder has no content to verify.")
        }
        let now = now()
        guard try await metadata.requestCheck(of: content.key, now: now) else { throw PontoonError.fileNotFound }
        return file.requested(on: now)
    }
}

extension File {
    /// Returns the file with a request to check its bytes; an earlier request is kept.
    ///
    /// Not read from the store, where a fast check may already have removed the request.
    fileprivate func requested(on time: Date) -> File {
        var copy = self
        copy.content?.verification.requestedOn = content?.verification.requestedOn ?? time
        return copy
    }
}
