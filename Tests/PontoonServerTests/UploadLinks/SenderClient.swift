import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// An upload link that a test has created.
struct TestLink {
    let id: String
    let secret: String
}

extension APIClient {
    /// Creates an upload link, to the admin's project unless `fields` contain another destination.
    func createLink(_ fields: [String: JSONValue] = [:]) async throws -> TestLink {
        var body: [String: JSONValue] = ["name": "Lab B"].merging(fields) { $1 }
        if body["parent"] == nil, body["project"] == nil { body["project"] = "admin/uploads" }
        let response = try await call(.POST, "/upload_links", .object(body))
        try #require(response.status == 201, "\(String(buffer: response.body))")
        return TestLink(id: try response.text("id"), secret: try response.text("secret"))
    }

    /// Tries to sign in with the secret of a link, and returns the response, even if it is a refusal.
    func signIn(_ secret: String, _ body: JSONValue = [:], headers: HTTPHeaders = [:]) async throws -> APIResponse {
        var (anonymous, headers) = (self, headers)
        anonymous.token = nil
        headers.add(name: "X-Pontoon-Upload-Link", value: secret)
        return try await anonymous.call(.POST, "/upload_links/session", body, headers: headers)
    }

    /// Signs in with the secret of a link.
    ///
    /// - Returns: A client that calls the API as the sender.
    func sender(of link: TestLink, name: String? = nil, password: String? = nil) async throws -> APIClient {
        var body: [String: JSONValue] = [:]
        body["sender"] = name.map { .string($0) }
        body["password"] = password.map { .string($0) }
        let response = try await signIn(link.secret, .object(body))
        try #require(response.status == 201, "\(String(buffer: response.body))")
        var sender = self
        sender.token = try response.text("token")
        return sender
    }

    /// Starts an upload as a sender.
    func initializeAsSender(_ name: String, size: Int64, _ fields: [String: JSONValue] = [:]) async throws
        -> APIResponse
    {
        let body: [String: JSONValue] = ["name": .string(name), "size": .integer(size)]
        return try await call(.POST, "/upload/multipart", .object(body.merging(fields) { $1 }))
    }

    /// Uploads a small file as a sender.
    ///
    /// - Returns: The response to the complete call, which has succeeded.
    @discardableResult
    func sendFile(_ name: String, _ text: String = "abc", path: [String] = []) async throws -> APIResponse {
        let started = try await initializeAsSender(
            name,
            size: Int64(text.utf8.count),
            ["path": .array(path.map { .string($0) })]
        )
        try #require(started.status == 200, "\(String(buffer: started.body))")
        let upload = try started.text("upload_id")
        if !text.isEmpty { try await store(upload, 1, ByteBuffer(string: text)) }
        let completed = try await complete(upload)
        try #require(completed.status == 201, "\(String(buffer: completed.body))")
        return completed
    }
}
