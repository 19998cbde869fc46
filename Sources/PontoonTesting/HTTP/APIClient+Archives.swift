import Foundation
package import NIOCore
package import NIOHTTP1
package import PontoonCore

/// The response to an archive put.
package struct ArchiveResponse: Sendable {
    package let response: APIResponse
    /// All lines except ``summary``; empty if the archive was refused.
    package let lines: [JSONValue]
    /// The last line; `nil` if the response was cut off or the archive was refused.
    package let summary: JSONValue?

    package init(_ response: APIResponse) throws {
        self.response = response
        guard response.status == 200 else {
            (lines, summary) = ([], nil)
            return
        }
        let all = try response.bodyText.split(separator: "\n").map { line in
            try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        }
        if let last = all.last, last["summary"] != nil {
            (lines, summary) = (all.dropLast(), last)
        } else {
            (lines, summary) = (all, nil)
        }
    }

    /// Returns the last line for an entry with this path; `nil` if there is none.
    package subscript(_ path: String) -> JSONValue? { lines.last { $0["path"] == .string(path) } }

    /// The path and the result or platform code of each line, in order, such as `a created` or `b 8005`.
    package var results: [String] {
        lines.map { line in
            let code = line["error"]?["code"]?.integer.map(String.init)
            return "\(line["path"]?.scalarText ?? "?") \(code ?? line["result"]?.scalarText ?? "?")"
        }
    }
}

extension APIClient {
    /// Returns the response with the URL of an archive of a folder.
    ///
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func archiveInfo(_ folder: String, format: String = "tar") async throws -> APIResponse {
        let response = try await call(.GET, "/files/\(folder)/archive_info?format=\(format)")
        guard response.status == 200 else { throw UnexpectedResponse(description: response.bodyText) }
        return response
    }

    /// Stores an archive, in the admin's project unless `place` names another destination.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - place: The destination as query parameters.
    ///   - rule: The value of `on_conflict`; `nil` omits it.
    ///   - headers: Headers in addition to the token.
    /// - Returns: The response, even if its status is an error.
    /// - Throws: An error if there is no response, or one of its lines is not JSON.
    package func putArchive(
        _ archive: ByteBuffer,
        to place: String = "project=admin/uploads",
        onConflict rule: String? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> ArchiveResponse {
        var headers = headers
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        let conflict = rule.map { "&on_conflict=\($0)" } ?? ""
        let url = "\(origin)/v2/upload/archive?\(place)\(conflict)"
        return try ArchiveResponse(try await send(.POST, url, archive, headers: headers))
    }
}
