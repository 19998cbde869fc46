import NIOCore
package import PontoonCore

/// The JSON that the operator's programs receive on standard input.
///
/// Source: docs/hooks.md.
package enum ProgramInput {
    /// The path or URL at which a validate command can read a file.
    package enum Location: Sendable {
        /// Absolute path of a file.
        case path(String)
        /// A signed URL, which can be read without a token.
        case url(String)
    }

    /// Returns an event in the format of CloudEvents 1.0, as in the response to `GET /v2/events`.
    package static func event(_ event: Event) -> [UInt8] { bytes(EventBody(event: event)) }

    /// Returns the JSON object that describes an unvalidated file to the validate command.
    package static func file(_ file: UnvalidatedFile, at location: Location) -> [UInt8] {
        bytes(UnvalidatedFileBody(file: file, location: location))
    }

    private static func bytes(_ value: some JSONWritable) -> [UInt8] {
        Array(JSONWriter(value).buffer.readableBytesView)
    }
}

private struct UnvalidatedFileBody: JSONWritable {
    let file: UnvalidatedFile
    let location: ProgramInput.Location

    func write(to json: inout JSONWriter) {
        json.object { json in
            if case .automation(let id) = file.destination { json.field("automation", id) }
            json.field("crc64nvme", file.content.crc64?.hex)
            json.field("from_upload_link", file.isFromSender)
            json.field("md5", file.content.md5)
            json.field("metadata", file.labels.metadata)
            json.field("name", file.name)
            if case .folder(let id, _, _) = file.destination { json.field("parent", id) }
            if case .path(let path) = location { json.field("path", path) }
            if case .folder(_, let project, _) = file.destination { json.field("project", project.description) }
            json.field("size", file.content.size)
            json.field("tags", file.labels.tags)
            json.field("upload_id", file.uploadID)
            if case .url(let url) = location { json.field("url", url) }
            json.field("user", file.userName)
        }
    }
}
