import NIOHTTP1

extension SevenBridgesClient {
    /// Where a file's bytes can be had without a token, for a while.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - name: What people call it.
    /// - Returns: A signed URL; it is as good as the file itself and belongs in no log.
    /// - Throws: ``APIError``, ``ClientError``.
    public func downloadURL(_ id: String, name: String) async throws -> String {
        struct Answer: Decodable { var url: String }
        let answer: Answer = try await call(
            APIRequest(
                method: .GET,
                path: "/files/\(id.urlEncoded)/download_info",
                purpose: "ask where '\(name)' can be downloaded"
            )
        )
        return answer.url
    }
}
