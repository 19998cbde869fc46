import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonFoundation

/// A request to store a whole file in one call; requires ``ServerIndex/storesFilesInOneCall``.
struct FilePut: Sendable {
    /// Path of the file put, relative to the endpoint.
    static let path = "/files/content"

    /// Destination, name, tags, metadata and MD5 of the file, and whether it replaces an existing file.
    ///
    /// The length, the part size and the number of part infos are ignored.
    var start: UploadStart
    let content: ByteBuffer
    let crc64: CRC64NVME

    /// Returns whether a file on the server has the same length and CRC-64/NVME; `false` if the server provides no
    /// checksum.
    fileprivate func isStored(as file: FileDetails) -> Bool {
        !file.isFolder && file.size == Int64(content.readableBytes)
            && file.checksums?.crc64nvme?.lowercased() == crc64.hex
    }

    /// Returns the request with a conflict rule: `fail`, `skip` or `overwrite`.
    fileprivate func request(onConflict rule: String) throws -> APIRequest {
        var headers = [(name: "x-amz-checksum-crc64nvme", value: crc64.base64)]
        if let md5 = start.md5.flatMap({ Hex.decode($0) }) {
            headers.append(("Content-MD5", Data(md5).base64EncodedString()))
        }
        if let labels = try start.labels { headers.append(("X-Pontoon-Labels", labels)) }
        return APIRequest(
            method: .PUT,
            path: Self.path,
            query: [start.destination.field, ("name", start.name), ("on_conflict", rule)],
            content: content,
            headers: headers,
            purpose: "upload '\(start.name)'",
            timeoutFactor: 5
        )
    }
}

extension UploadStart {
    /// The tags and metadata as a JSON object of printable ASCII characters; `nil` if there are none.
    var labels: String? {
        get throws {
            if tags.isEmpty, metadata.isEmpty { return nil }
            var object: [String: JSONValue] = [:]
            if !tags.isEmpty { object["tags"] = .array(tags.map { .string($0) }) }
            if !metadata.isEmpty { object["metadata"] = .object(metadata.mapValues { .string($0) }) }
            let json = String(decoding: try JSONEncoder().encode(JSONValue.object(object)), as: UTF8.self)
            if json.utf8.allSatisfy(Self.printable.contains) { return json }
            // All other characters are inside JSON strings, where they can be escaped.
            return json.unicodeScalars.reduce(into: "") { text, scalar in
                if scalar.isASCII, Self.printable.contains(UInt8(truncatingIfNeeded: scalar.value)) {
                    text.unicodeScalars.append(scalar)
                } else {
                    for unit in String(scalar).utf16 {
                        text += "\\u" + Hex.encode([UInt8(unit >> 8), UInt8(unit & 0xFF)])
                    }
                }
            }
        }
    }

    private static let printable: ClosedRange<UInt8> = 0x20...0x7E
}

extension SevenBridgesClient {
    /// Stores a file in one call.
    ///
    /// An attempt that fails may still have stored the file. If the put must not overwrite a file, the next attempt
    /// therefore uses the conflict rule `skip` first, and returns the existing file if it has the same content.
    ///
    /// - Throws: ``APIError``, with code 8005 if a file with that name already exists and must not be overwritten, or
    ///   5030 if a folder has that name; ``ClientError``.
    func putFile(_ put: FilePut) async throws -> FileDetails {
        let request = try put.request(onConflict: put.start.overwrite ? "overwrite" : "fail")
        return try await repeating(request) { mayHaveSucceeded in
            if mayHaveSucceeded, !put.start.overwrite {
                let again = try put.request(onConflict: "skip")
                let stored: FileDetails = try decode(try await attempt(again), again)
                if put.isStored(as: stored) { return stored }
                // The name is taken by a different file, so the next attempt fails with the server's error.
            }
            return try decode(try await attempt(request), request)
        }
    }
}
