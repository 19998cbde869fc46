import NIOHTTP1

extension SevenBridgesClient {
    /// Requests a signed URL from which a file can be downloaded for a limited time, without a token.
    ///
    /// - Parameters:
    ///   - id: Id of the file.
    ///   - name: Name of the file, for messages.
    /// - Returns: The URL. Anyone who has the URL can download the file, so do not log it.
    /// - Throws: ``APIError``, with status 404 if the file does not exist; ``ClientError``, with code
    ///   `.responseUnreadable` if the URL is not valid, or has the scheme `http` although the API's URL has `https`.
    public func downloadURL(_ id: String, name: String) async throws -> String {
        struct DownloadInfo: Decodable { var url: String }
        let info: DownloadInfo = try await call(
            APIRequest(
                method: .GET,
                path: "/files/\(id.urlEncoded)/download_info",
                purpose: "request the download URL of '\(name)'"
            )
        )
        try checkStorageURL(info.url, of: "'\(name)'")
        return info.url
    }
}
