import NIOHTTP1
import PontoonCore

extension APIClient {
    /// Creates a webhook for the admin's project.
    ///
    /// - Parameters:
    ///   - url: The URL of the receiver.
    ///   - types: The types of the events; empty for all.
    /// - Returns: The id and the secret.
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func createWebhook(
        _ url: String,
        types: [String] = []
    ) async throws -> (id: String, secret: String) {
        let body: JSONValue = [
            "project": "admin/uploads", "url": .string(url), "types": .array(types.map { .string($0) }),
        ]
        let response = try await call(.POST, "/webhooks", body)
        guard response.status == 201 else { throw UnexpectedResponse(description: response.bodyText) }
        return (try response.text("id"), try response.text("secret"))
    }
}
