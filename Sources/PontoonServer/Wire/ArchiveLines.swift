import NIOCore
import PontoonCore

/// The encoder of the response to an archive put.
///
/// Counts the results, and limits the total size of the lines for refused entries. Without the limit, a small archive
/// with many invalid entries could cause a much larger response.
struct ArchiveLines {
    /// Size in bytes of the lines for refused entries after which further refusals are only counted.
    private static let maximumRefusals = 4 << 20

    /// The counts of all results.
    private(set) var summary = ArchiveSummary()
    /// Total size in bytes of the lines for refused entries so far.
    private var refusals = 0
    /// Number of refused entries without a line.
    private var unreported = 0

    /// Counts results, and returns their lines.
    ///
    /// Refused entries beyond the size limit have no line.
    mutating func lines(_ results: [ArchiveResult]) -> ByteBuffer {
        summary.count(results)
        var buffer = ByteBuffer()
        for result in results {
            guard case .refused = result else {
                Self.append(ArchiveResultLine(result: result), to: &buffer)
                continue
            }
            guard refusals < Self.maximumRefusals else {
                unreported += 1
                continue
            }
            let start = buffer.writerIndex
            Self.append(ArchiveResultLine(result: result), to: &buffer)
            refusals += buffer.writerIndex - start
        }
        return buffer
    }

    /// Returns the last line, with the counts of all results and the error.
    ///
    /// `error` is the reason why the rest of the archive was not read; `nil` if it was read to its end.
    func end(_ error: PontoonError?) -> ByteBuffer {
        var buffer = ByteBuffer()
        Self.append(ArchiveSummaryLine(summary: summary, unreported: unreported, error: error), to: &buffer)
        return buffer
    }

    private static func append(_ line: some JSONWritable, to buffer: inout ByteBuffer) {
        buffer.writeImmutableBuffer(JSONWriter(line).buffer)
        buffer.writeStaticString("\n")
    }
}

/// The line for one entry in the response to an archive put.
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

/// The last line in the response to an archive put.
struct ArchiveSummaryLine: JSONWritable {
    let summary: ArchiveSummary
    /// Number of refused entries without a line.
    let unreported: Int
    /// The reason why the rest of the archive was not read; `nil` if it was read to its end.
    let error: PontoonError?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("error", error.map { ErrorBody($0) })
            json.field("summary", Numbers(summary: summary, unreported: unreported > 0 ? unreported : nil))
        }
    }

    private struct Numbers: JSONWritable {
        let summary: ArchiveSummary
        let unreported: Int?

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("bytes", summary.bytes)
                json.field("failed", summary.failed)
                json.field("files", summary.files)
                json.field("folders", summary.folders)
                json.field("unreported", unreported)
            }
        }
    }
}
