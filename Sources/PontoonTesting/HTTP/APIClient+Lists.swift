import NIOCore
import NIOHTTP1
package import PontoonCore
import Testing

extension APIResponse {
    /// The entries of a list.
    package var entries: [JSONValue] {
        get throws {
            guard case .array(let items) = self["items"] else {
                throw UnexpectedResponse(description: "not a list: \(status) \(String(buffer: body))")
            }
            return items
        }
    }

    /// Names of a list's entries, in order; entries without a name are omitted.
    package var entryNames: [String] { get throws { try entries.compactMap { $0.string("name") } } }

    /// URLs of the next and previous page, by `rel`: `next` or `prev`.
    package var pageLinks: [String: String] {
        get throws {
            guard case .array(let links) = self["links"] else { throw UnexpectedResponse(description: "no 'links'") }
            return links.reduce(into: [:]) { pages, link in
                if let rel = link.string("rel"), link.string("method") == "GET" { pages[rel] = link.string("href") }
            }
        }
    }
}

extension JSONValue {
    /// Returns a text field; `nil` if this is not an object with such a field.
    package func string(_ field: String) -> String? {
        guard case .object(let fields) = self, case .string(let text) = fields[field] else { return nil }
        return text
    }

    /// Names of an object's fields; empty if this is not an object.
    package var keys: Set<String> {
        guard case .object(let fields) = self else { return [] }
        return Set(fields.keys)
    }
}

extension APIClient {
    /// Creates a folder in the folder `parent`, or in the root of `project` if `parent` is `nil`.
    ///
    /// - Returns: The folder's id.
    package func makeFolder(_ name: String, in parent: String? = nil, project: String = "admin/uploads") async throws
        -> String
    {
        let place: (String, JSONValue) = parent.map { ("parent", .string($0)) } ?? ("project", .string(project))
        let body: JSONValue = [place.0: place.1, "name": .string(name), "type": "folder"]
        let response = try await call(.POST, "/files", body)
        try #require(response.status == 201, "\(String(buffer: response.body))")
        return try response.text("id")
    }

    /// Uploads a small file in one part, to the folder `parent`, or to the root of `project` if `parent` is `nil`.
    ///
    /// - Returns: The file's id.
    package func uploadSmall(
        _ name: String,
        _ text: String = "abc",
        in parent: String? = nil,
        project: String = "admin/uploads"
    ) async throws -> String {
        let place: (String, JSONValue) = parent.map { ("parent", .string($0)) } ?? ("project", .string(project))
        let body: JSONValue = [place.0: place.1, "name": .string(name), "size": .integer(Int64(text.utf8.count))]
        let upload = try await call(.POST, "/upload/multipart", body).text("upload_id")
        try await store(upload, 1, ByteBuffer(string: text))
        return try await complete(upload).text("id")
    }
}
