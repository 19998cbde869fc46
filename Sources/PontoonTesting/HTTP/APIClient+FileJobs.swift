import NIOHTTP1
package import PontoonCore
import Testing

extension APIClient {
    /// Submits a job, and returns the response even if its status is an error.
    package func submitJob(_ kind: FileJob.Kind, _ items: [JSONValue]) async throws -> APIResponse {
        try await call(.POST, "/async/files/\(kind.rawValue)", ["items": .array(items)])
    }

    /// Submits a job that must be accepted.
    ///
    /// - Returns: The path of the job, relative to `/v2`.
    package func acceptedJob(_ kind: FileJob.Kind, _ items: [JSONValue]) async throws -> String {
        let response = try await submitJob(kind, items)
        guard response.status == 201 else { throw UnexpectedResponse(description: response.bodyText) }
        return "/async/files/\(kind.rawValue)/\(try response.text("id"))"
    }

    /// Returns the ids of all files and folders in a folder and its subfolders, by their path relative to the folder.
    package func tree(_ folder: String) async throws -> [String: String] {
        var paths: [String: String] = [:]
        var offset = 0
        while true {
            let page = try await call(.GET, "/files/\(folder)/list?fields=id,name,type&limit=100&offset=\(offset)")
            let entries = try page.entries
            for entry in entries {
                let (id, name) = (try #require(entry.string("id")), try #require(entry.string("name")))
                paths[name] = id
                guard entry.string("type") == "folder" else { continue }
                for (path, inner) in try await tree(id) { paths["\(name)/\(path)"] = inner }
            }
            offset += 100
            if entries.count < 100 { return paths }
        }
    }
}
