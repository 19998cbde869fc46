import NIOCore
import NIOHTTP1
package import PontoonCore
import Testing

/// The two kinds of uploads, which have the same calls at different paths.
package enum UploadRoot: CaseIterable, Sendable {
    case files, packages

    /// Path of the uploads, relative to `/v2`.
    package var path: String {
        switch self {
        case .files: "/upload/multipart"
        case .packages: packageUploads
        }
    }

    /// Returns the fields of an initialize request that name the destination; creates an automation for packages.
    package func fields(_ api: APIClient) async throws -> [String: JSONValue] {
        switch self {
        case .files: ["project": "admin/uploads"]
        case .packages: ["automation_id": .string(try await api.automation())]
        }
    }
}

/// One part info of a response that contains several.
package struct BatchedPart: Sendable {
    package let number: Int
    package let url: String
    package let fields: [String: JSONValue]
}

extension APIResponse {
    /// Returns the part infos in the field `part_infos`.
    ///
    /// - Throws: ``UnexpectedResponse`` if the field is missing or malformed.
    package func partInfos() throws -> [BatchedPart] {
        guard case .array(let values) = self["part_infos"] else {
            throw UnexpectedResponse(description: "no part infos in \(status) \(String(buffer: body))")
        }
        return try values.map { value in
            guard case .object(let fields) = value, let number = fields["part_number"]?.integer,
                case .string(let url) = fields["url"]
            else { throw UnexpectedResponse(description: "not a part info: \(value)") }
            return BatchedPart(number: Int(number), url: url, fields: fields)
        }
    }
}

extension APIClient {
    /// Starts an upload and requests `partInfos` part infos in the same call.
    ///
    /// - Returns: The response, even if its status is an error.
    package func start(
        _ root: UploadRoot,
        _ name: String,
        size: Int?,
        partSize: Int = 5 << 20,
        partInfos: Int,
        _ fields: [String: JSONValue] = ["project": "admin/uploads"]
    ) async throws -> APIResponse {
        try await start(root, name, size: size, partSize: partSize, requested: .integer(Int64(partInfos)), fields)
    }

    /// Starts an upload with an arbitrary JSON value, or none, in the field `part_infos`.
    ///
    /// - Returns: The response, even if its status is an error.
    package func start(
        _ root: UploadRoot,
        _ name: String,
        size: Int?,
        partSize: Int = 5 << 20,
        requested: JSONValue?,
        _ fields: [String: JSONValue] = ["project": "admin/uploads"]
    ) async throws -> APIResponse {
        var body = fields.merging(["name": .string(name), "part_size": .integer(Int64(partSize))]) { $1 }
        body["size"] = size.map { .integer(Int64($0)) }
        body["part_infos"] = requested
        return try await call(.POST, root.path, .object(body))
    }
}

extension ServerUnderTest {
    /// Returns the number of calls that the admin has left in the rate-limit window after this call.
    package func callsLeft() async throws -> Int {
        let response = try await api.call(.GET, "/rate_limit")
        return try #require(response.headers["X-RateLimit-Remaining"].first.flatMap(Int.init))
    }
}
