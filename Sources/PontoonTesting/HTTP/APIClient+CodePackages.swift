import Foundation
package import NIOCore
import NIOHTTP1
package import PontoonCore
import Testing

/// Path of code package uploads, relative to `/v2`.
package let packageUploads = "/automation/upload"

/// Returns the request body that reports a part.
package func partReport(_ number: Int, _ etag: String) -> JSONValue {
    ["part_number": .integer(Int64(number)), "response": ["headers": ["ETag": .string(etag)]]]
}

extension APIClient {
    /// Creates an automation.
    ///
    /// - Returns: The automation's id.
    package func automation() async throws -> String {
        try await call(.POST, "/automation/automations", ["name": "nightly"]).text("id")
    }

    /// Starts an upload of a code package.
    ///
    /// - Returns: The upload's id.
    package func initializePackage(_ automation: String, size: Int, partSize: Int = 1) async throws -> String {
        let body: JSONValue = [
            "name": "code.zip", "size": .integer(Int64(size)), "part_size": .integer(Int64(partSize)),
            "automation_id": .string(automation),
        ]
        let response = try await call(.POST, packageUploads, body)
        guard response.status == 200 else { throw UnexpectedResponse(description: String(buffer: response.body)) }
        return try response.text("upload_id")
    }

    /// Sends and reports all parts of a code package.
    ///
    /// - Returns: The parts, in the format of the upload's details.
    package func storeParts(of bytes: ByteBuffer, partSize: Int, _ upload: String) async throws -> [JSONValue] {
        var rest = bytes
        var parts: [JSONValue] = []
        while let slice = rest.readSlice(length: min(partSize, rest.readableBytes)), slice.readableBytes > 0 {
            let number = parts.count + 1
            let url = try await call(.GET, "\(packageUploads)/\(upload)/part/\(number)").text("url")
            let etag = try #require(try await send(.PUT, url, slice).headers.first(name: "ETag"))
            // With a trailing slash, like the Python client.
            let response = try await call(.POST, "\(packageUploads)/\(upload)/part/", partReport(number, etag))
            try #require(response.status == 200, "\(String(buffer: response.body))")
            #expect(response["href"] == .string("\(origin)/v2\(packageUploads)/\(upload)"))
            parts.append(partReport(number, etag.trimmingCharacters(in: ["\""])))
        }
        return parts
    }

    /// Uploads a code package of one byte.
    ///
    /// - Returns: The id of the uploaded file, to be used as the `location` of a new package.
    package func packageFile(of automation: String) async throws -> String {
        let upload = try await initializePackage(automation, size: 1)
        _ = try await storeParts(of: ByteBuffer(string: "x"), partSize: 1, upload)
        return try await call(.POST, "\(packageUploads)/\(upload)/complete").text("id")
    }
}
