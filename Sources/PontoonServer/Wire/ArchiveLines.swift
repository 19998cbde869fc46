import NIOCore
import PontoonCore

/// The line for one entry in the response to an archive.
///
/// Source: docs/api.md#a-folder-in-one-call.
struct ArchiveResultLine: JSONWritable {
    let result: ArchiveResult

    func write(to json: inout JSONWriter) {
        json.object { json in
            switch result {
            case .file(let file, let path, let isNew):
                json.field("checksums", file.content.map(Checksums.init))
                json.field("id", file.id)
                json.field("name", file.name)
                json.field("path", path)
                json.field("result", Self.text(isNew))
                json.field("size", file.content?.size)
                json.field("type", "file")
            case .folder(let id, let path, let isNew):
                json.field("id", id)
                json.field("path", path)
                json.field("result", Self.text(isNew))
                json.field("type", "folder")
            case .refused(let error, let path):
                json.field("error", ErrorBody(error))
                json.field("path", path)
            }
        }
    }

    private static func text(_ isNew: Bool) -> String { isNew ? "created" : "existing" }

    private struct Checksums: JSONWritable {
        let content: FileContent

        func write(to json: inout JSONWriter) {
            json.object { $0.field("crc64nvme", content.crc64?.hex) }
        }
    }
}

/// The last line in the response to an archive.
struct ArchiveSummaryLine: JSONWritable {
    let summary: ArchiveSummary
    /// The error after which no further entry was read; `nil` if the archive was read to its end.
    let error: PontoonError?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("error", error.map { ErrorBody($0) })
            json.field("summary", Numbers(summary: summary))
        }
    }

    private struct Numbers: JSONWritable {
        let summary: ArchiveSummary

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("bytes", summary.bytes)
                json.field("failed", summary.failed)
                json.field("files", summary.files)
                json.field("folders", summary.folders)
            }
        }
    }
}
