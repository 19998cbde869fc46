public import Foundation
public import SystemPackage

/// What was uploaded or downloaded, with checksums: proof that local files and the server's are the same, to be checked again later.
public struct Receipt: Sendable, Hashable, Codable {
    /// A file.
    public struct Entry: Sendable, Hashable, Codable {
        /// Absolute path here.
        public var path: String
        /// Folders and name at the server.
        public var name: String
        /// The file's id at the server.
        public var fileID: String
        /// Length in bytes.
        public var size: Int64
        /// CRC-64/NVME, 16 hex digits.
        public var crc64nvme: String
        /// How it was verified: `file`, `parts` or `size`.
        public var verifiedBy: String

        private enum CodingKeys: String, CodingKey {
            case path, name, size, crc64nvme
            case fileID = "file_id"
            case verifiedBy = "verified_by"
        }
    }

    /// Version of this form.
    public var version = 1
    /// Address of the API.
    public var endpoint: String
    /// `project` or `parent`; `nil` in a receipt of a download.
    public var destinationKind: String?
    /// Its id.
    public var destination: String?
    /// When the run ended.
    public var ended: Date
    /// The files that are at the destination.
    public var files: [Entry]

    private enum CodingKeys: String, CodingKey {
        case version, endpoint, destination, ended, files
        case destinationKind = "destination_kind"
    }

    /// Takes what a run made; files that failed or were left out are not in it.
    public init(_ results: [UploadResult], endpoint: Endpoint, destination: UploadDestination) {
        self.endpoint = endpoint.url
        let field = destination.field
        (destinationKind, self.destination) = (field.name, field.value)
        ended = Self.now
        files = results.compactMap { result in
            guard let id = result.fileID, let crc64 = result.crc64nvme, let verification = result.verification else {
                return nil
            }
            return Entry(
                path: FileUpload.absolutePath(result.item.source),
                name: result.item.remotePath,
                fileID: id,
                size: result.size,
                crc64nvme: crc64,
                verifiedBy: verification.rawValue
            )
        }
    }

    /// Takes what a run fetched; files that failed or were left out are not in it.
    public init(_ results: [DownloadResult], endpoint: Endpoint) {
        self.endpoint = endpoint.url
        ended = Self.now
        files = results.compactMap { result in
            guard let crc64 = result.crc64nvme, let verification = result.verification else { return nil }
            return Entry(
                path: FileUpload.absolutePath(result.item.target),
                name: result.item.remotePath,
                fileID: result.item.fileID,
                size: result.size,
                crc64nvme: crc64,
                verifiedBy: verification.rawValue
            )
        }
    }

    /// To the second, as it is written.
    private static var now: Date { Date(timeIntervalSince1970: Date.now.timeIntervalSince1970.rounded()) }

    /// Reads a receipt; blocks.
    ///
    /// - Throws: `.fileUnreadable`.
    public init(_ path: FilePath) throws {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            self = try decoder.decode(Receipt.self, from: try Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw ClientError(
                .fileUnreadable,
                "'\(path)' is no receipt that can be read: \(error.localizedDescription)"
            )
        }
    }

    /// Writes it in the place of an older one, whole or not at all; blocks.
    ///
    /// - Throws: `.fileUnwritable`.
    public func write(to path: FilePath) throws {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(self).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw ClientError(
                .fileUnwritable,
                "The receipt '\(path)' cannot be written: \(error.localizedDescription)",
                advice: "The files are there; run the same command again with another --receipt."
            )
        }
    }
}
