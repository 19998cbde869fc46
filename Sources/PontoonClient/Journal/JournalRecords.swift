import Crypto
import Foundation
import SystemPackage

/// Which upload a journal is about: this file to this place.
struct JournalKey: Hashable, Sendable {
    let endpoint: String
    let destination: UploadDestination
    /// Absolute path.
    let source: String
    let remotePath: String

    /// Name of the journal's file: no path has to be made safe, and none is too long.
    var fileName: String { "\(Self.digest([place, source, remotePath])).journal" }
    /// What is done, in words.
    var work: String { "the upload of '\(source)' to '\(remotePath)'" }
    /// Endpoint and destination.
    var place: String { "\(endpoint)\n\(destination.field.name)\n\(destination.field.value)" }
    /// Name of the list of what was finished at the destination.
    var placeFileName: String { "\(Self.digest([place])).jsonl" }

    private static func digest(_ texts: [String]) -> String {
        let digest = SHA256.hash(data: Data(texts.joined(separator: "\n").utf8))
        return digest.prefix(20).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// What a file was when its upload began.
struct FileIdentity: Hashable, Sendable, Codable {
    let facts: FileFacts
    /// CRC-64/NVME of samples of its bytes.
    let sample: String

    /// Whether it is the same file still; where its bytes lie may have got another number.
    func isSame(as other: FileIdentity) -> Bool { facts.isSame(as: other.facts) && sample == other.sample }
}

/// First line of a journal.
protocol JournalHeading: Codable, Sendable {
    /// Version of its form.
    var version: Int { get }
}

/// First line of an upload's journal.
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
    var upload: String
    var partSize: Int64
    var began: Date
}

/// Each further line: a part that the storage acknowledged.
struct JournalPart: Hashable, Sendable, Codable {
    var number: Int
    var etag: String
    /// CRC-64/NVME of the bytes that were sent.
    var crc64: String
}

/// A line of the list of finished uploads.
struct FinishedRecord: Hashable, Sendable, Codable {
    var source: String
    var remotePath: String
    var identity: FileIdentity
    var file: String
    var crc64: String
    var verification: String
    var ended: Date

    /// Whether the file at the server is still the one that was made.
    func matches(_ there: FileDetails) -> Bool {
        guard file == there.id, there.size == identity.facts.size else { return false }
        return there.checksums?.crc64nvme.map { $0.lowercased() == crc64 } ?? true
    }
}
