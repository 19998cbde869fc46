public import PontoonFoundation
public import SystemPackage

/// A record of transferred files and their checksums.
///
/// ``check(locally:in:client:acceptingEndpoint:deep:_:)`` later compares the files with the record.
public struct Receipt: Sendable, Hashable, Codable {
    /// A file that is complete at its destination.
    public struct Entry: Sendable, Hashable, Codable {
        /// Absolute path of the local file; `-` for standard input and standard output.
        public var path: String
        /// Path of the file on the server, with names separated by slashes; for an upload, relative to the destination.
        public var name: String
        /// Id of the file on the server.
        public var fileID: String
        /// Length in bytes.
        public var size: Int64
        /// CRC-64/NVME, 16 hexadecimal digits.
        public var crc64nvme: String
        /// MD5, 32 hexadecimal digits; `nil` unless the upload computed it.
        public var md5: String?
        /// The raw value of the ``TransferVerification``: `file`, `parts` or `size`.
        public var verifiedBy: String

        private enum CodingKeys: String, CodingKey {
            case path, name, size, crc64nvme, md5
            case fileID = "file_id"
            case verifiedBy = "verified_by"
        }
    }

    /// Version of the receipt's file format.
    public var version = 1
    /// URL of the API.
    public var endpoint: String
    /// Kind of the destination: `project`, or `parent` for a folder.
    ///
    /// `nil` in the receipt of a download.
    public var destinationKind: String?
    /// Id of the project or folder that received the files; `nil` in the receipt of a download.
    public var destination: String?
    /// Time at which the receipt was created, rounded to seconds.
    public var ended: Date
    /// The files that are complete at their destination, including those that did not need to be transferred.
    public var files: [Entry]

    private enum CodingKeys: String, CodingKey {
        case version, endpoint, destination, ended, files
        case destinationKind = "destination_kind"
    }

    /// Creates the receipt of an upload.
    ///
    /// Omits empty folders, and files that failed, were cancelled or were skipped.
    public init(_ results: [UploadResult], endpoint: Endpoint, destination: UploadDestination) {
        self.init(results, endpoint)
        let field = destination.field
        (destinationKind, self.destination) = (field.name, field.value)
    }

    /// Creates the receipt of a download.
    ///
    /// Omits folder archives, and files that failed, were cancelled or were skipped.
    public init(_ results: [DownloadResult], endpoint: Endpoint) { self.init(results, endpoint) }

    private init(_ results: [TransferResult<some TransferItem>], _ endpoint: Endpoint) {
        self.endpoint = endpoint.url
        // Rounded, because the file format stores whole seconds.
        ended = Date(timeIntervalSince1970: Date.now.timeIntervalSince1970.rounded())
        files = []
        add(results)
    }

    /// Adds the files of more results, except empty folders, folder archives, and files that failed, were cancelled or
    /// were skipped.
    mutating func add(_ results: [TransferResult<some TransferItem>]) {
        files += results.compactMap { result in
            guard let id = result.fileID, let crc64 = result.crc64nvme, let verification = result.verification else {
                return nil
            }
            return Entry(
                path: result.item.localPath == "-" ? "-" : result.item.localPath.absolute,
                name: result.remotePath,
                fileID: id,
                size: result.size,
                crc64nvme: crc64,
                md5: result.md5,
                verifiedBy: verification.rawValue
            )
        }
    }

    /// Reads a receipt from a file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnreadable` if the file cannot be read or is not a receipt.
    public init(_ path: FilePath) throws {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            self = try decoder.decode(Receipt.self, from: try Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read the receipt '\(path)': \(error.reason).",
                advice: "Use a file written with --receipt."
            )
        }
    }

    /// Returns the receipt as JSON, as ``write(to:)`` writes it to a file.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Writes the receipt to a file, atomically replacing an existing file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnwritable` if the file cannot be written.
    public func write(to path: FilePath) throws {
        do {
            try encoded().write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw ClientError(
                .fileUnwritable,
                "Cannot write the receipt '\(path)': \(error.reason).",
                advice: "The files were transferred. Check the receipt's path, then run the same command again."
            )
        }
    }
}
