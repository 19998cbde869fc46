import Crypto
import PontoonFoundation
import PontoonCore
import SystemPackage

/// The key of an upload's journal: the local file and its destination on the server.
struct JournalKey: Hashable, Sendable {
    let endpoint: String
    let destination: UploadDestination
    /// Absolute path of the local file.
    let source: String
    let remotePath: String

    /// File name of the journal: a digest of the key, which needs no escaping and has a fixed length.
    var fileName: String { "\(digest(of: [place, source, remotePath])).journal" }
    /// Description of the upload, for error messages.
    var work: String { "the upload of '\(source)' to '\(remotePath)'" }
    /// Text that identifies the endpoint and the destination.
    var place: String { "\(endpoint)\n\(destination.field.name)\n\(destination.field.value)" }
    /// File name of the ``FinishedLog`` for this destination.
    var placeFileName: String { "\(digest(of: [place])).jsonl" }
}

/// Returns a digest of a list of texts, in 40 hexadecimal digits.
private func digest(of texts: [String]) -> String {
    Hex.encode(SHA256.hash(data: Data(texts.joined(separator: "\n").utf8)).prefix(20))
}

extension UploadItem {
    /// A digest of the tags and metadata; `nil` if there are none.
    var labelDigest: String? {
        if tags.isEmpty && metadata.isEmpty { return nil }
        // Tags and metadata never contain U+0000.
        let pairs = metadata.sorted { $0.key < $1.key }.map { "\($0.key)\0\($0.value)" }
        return digest(of: Set(tags).sorted() + ["\0"] + pairs)
    }
}

/// The properties of a file and a checksum of samples of its content, recorded at the start of its upload.
struct FileIdentity: Hashable, Sendable, Codable {
    let facts: FileFacts
    /// CRC-64/NVME of samples of the file, or of the whole file if it is small, 16 hexadecimal digits.
    let sample: String

    /// Returns whether both identities describe the same, unchanged file.
    ///
    /// Inode numbers are ignored, because they change on some network file systems and when a file is copied with its
    /// modification time. The sample detects most differences in the content.
    func isSame(as other: FileIdentity) -> Bool {
        facts.size == other.facts.size && facts.modified == other.facts.modified && sample == other.sample
    }
}

/// The first line of a journal.
protocol JournalHeading: Codable, Sendable {
    /// Version of the format; a journal with a version other than 1 is treated as empty.
    var version: Int { get }
}

/// The first line of an upload's journal.
struct JournalHead: JournalHeading, Hashable {
    var version = 1
    var endpoint: String
    /// `project` or `parent`.
    var destinationKind: String
    var destination: String
    var source: String
    var remotePath: String
    var tags: [String]
    var metadata: [String: String]
    var identity: FileIdentity
    /// Id of the upload; empty until the response to the initialize call has been received.
    ///
    /// Even if the id is empty, the upload may exist on the server.
    var upload: String
    /// Part size in bytes; 0 while ``upload`` is empty.
    var partSize: Int64
    var began: Date
    /// The raw value of the ``TransferOptions/ConflictPolicy``; `nil` in journals of earlier versions.
    var onConflict: String?
}

/// A line after the first in a journal: a part or range that has been transferred.
struct JournalPart: Hashable, Sendable, Codable {
    var number: Int
    var etag: String
    /// CRC-64/NVME of the part or range, 16 hexadecimal digits; empty if unknown.
    var crc64: String
}

/// A line of a ``FinishedLog``, which describes one uploaded file.
struct FinishedRecord: Hashable, Sendable, Codable {
    var source: String
    var remotePath: String
    var identity: FileIdentity
    var file: String
    var crc64: String
    /// MD5 of the file, in 32 hexadecimal digits; `nil` if the upload did not compute it.
    var md5: String?
    var verification: String
    /// Digest of the tags and metadata with which the file was uploaded; `nil` if there were none.
    var labels: String?
    var ended: Date

    /// Returns whether the file on the server is still the uploaded file and the server reports no damage to it.
    ///
    /// Compares the id, the length and, if the server provides one, the checksum.
    func matches(_ existing: FileDetails) -> Bool {
        guard file == existing.id, existing.size == identity.facts.size, existing.checksums?.damage == nil else {
            return false
        }
        return existing.checksums?.crc64nvme.map { $0.lowercased() == crc64 } ?? true
    }
}
