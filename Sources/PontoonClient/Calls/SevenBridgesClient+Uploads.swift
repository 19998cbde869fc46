import PontoonFoundation
import NIOHTTP1
import PontoonCore

/// A request to start an upload.
public struct UploadStart: Sendable {
    /// The project or folder that receives the file.
    public var destination: UploadDestination
    /// Name of the file, without slashes.
    public var name: String
    /// Length of the file in bytes; `nil` if it is not yet known.
    ///
    /// Only Pontoon accepts uploads without a length.
    public var size: Int64?
    /// Requested part size in bytes, which the server may change; `nil` leaves the choice to the server.
    public var partSize: Int64?
    /// Whether an existing file with the same name is replaced when the upload is completed.
    public var overwrite = false
    /// MD5 of the file, in 32 hexadecimal digits; `nil` to declare none.
    ///
    /// Pontoon verifies it when the upload is completed.
    public var md5: String?
    /// Tags of the file; must be empty unless the server has the `upload_labels` extension.
    public var tags: [String] = []
    /// Metadata of the file; must be empty unless the server has the `upload_labels` extension.
    public var metadata: [String: String] = [:]
    /// Number of part infos to include in the response; requires ``ServerIndex/providesPartInfos``.
    var partInfos: Int?

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - destination: The project or folder that receives the file.
    ///   - name: Name of the file, without slashes.
    ///   - size: Length of the file in bytes; `nil` if it is not yet known.
    public init(destination: UploadDestination, name: String, size: Int64?) {
        self.destination = destination
        self.name = name
        self.size = size
    }
}

extension VerifiedPart {
    /// The report of the part, in the API's format.
    fileprivate var report: JSONValue {
        .object([
            "part_number": .integer(Int64(number)),
            "response": .object(["headers": .object(["ETag": .string(etag)])]),
        ])
    }
}

extension SevenBridgesClient {
    private static let uploads = "/upload/multipart"

    /// Starts an upload.
    ///
    /// If an attempt fails but may have created the upload, the client searches the user's unfinished uploads before
    /// the next attempt, so that it does not create a second one.
    ///
    /// - Throws: ``APIError``, with code 8005 if a file with the name exists and must not be overwritten, or 5030 if a
    ///   folder has the name; ``ClientError``.
    public func startUpload(_ start: UploadStart) async throws -> UploadDetails {
        var body: [String: JSONValue] = ["name": .string(start.name)]
        body["size"] = start.size.map { .integer($0) }
        switch start.destination {
        case .project(let id): body["project"] = .string(id)
        case .folder(let id): body["parent"] = .string(id)
        }
        body["md5"] = start.md5.map { .string($0) }
        body["part_size"] = start.partSize.map { .integer($0) }
        if !start.tags.isEmpty { body["tags"] = .array(start.tags.map { .string($0) }) }
        if !start.metadata.isEmpty { body["metadata"] = .object(start.metadata.mapValues { .string($0) }) }
        body["part_infos"] = start.partInfos.map { .integer(Int64($0)) }
        let request = APIRequest(
            method: .POST,
            path: Self.uploads,
            query: start.overwrite ? [("overwrite", "true")] : [],
            body: .object(body),
            purpose: "start the upload of '\(start.name)'"
        )
        // Allow for the resolution of the server's dates, which is one second.
        let earliest = clock.now.addingTimeInterval(-5)
        return try await repeating(request) { mayHaveSucceeded in
            if mayHaveSucceeded, let found = try await justStarted(start, since: earliest) { return found }
            return try decode(try await attempt(request), request)
        }
    }

    /// Finds an upload that a failed attempt has probably created: it matches the request, has no parts, and was
    /// started after `earliest`.
    ///
    /// Returns `nil` if there is none on the first page of the list, or if the server refuses to list the uploads.
    private func justStarted(_ start: UploadStart, since earliest: Date) async throws -> UploadDetails? {
        do {
            return try await uploads().items.first { upload in
                start.matches(upload) && upload.storedParts ?? 0 == 0 && upload.reportedParts ?? 0 == 0
                    && upload.initiated.map { $0 >= earliest } ?? false
            }
        } catch is APIError {
            return nil
        }
    }

    /// Lists one page of the user's unfinished uploads.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    public func uploads(offset: Int = 0, limit: Int = 100) async throws -> ResultPage<UploadDetails> {
        try await page(Self.uploads, offset: offset, limit: limit, purpose: "list the unfinished uploads")
    }

    /// Requests the details of an unfinished upload.
    ///
    /// - Parameters:
    ///   - id: Id of the upload.
    ///   - listingParts: Whether the response includes the reported parts.
    /// - Returns: The upload.
    /// - Throws: ``APIError``, with code 8003 if the upload does not exist, or was completed or aborted;
    ///   ``ClientError``.
    public func upload(_ id: String, listingParts: Bool = false) async throws -> UploadDetails {
        try await upload(id, listingParts: listingParts, listingStored: false)
    }

    /// Requests the details of an unfinished upload.
    ///
    /// - Parameters:
    ///   - id: Id of the upload.
    ///   - listingParts: Whether the response includes the reported parts.
    ///   - listingStored: Whether the response includes the stored parts; requires ``ServerIndex/listsStoredParts``.
    /// - Returns: The upload.
    /// - Throws: ``APIError``, with code 8003 if the upload does not exist, or was completed or aborted;
    ///   ``ClientError``.
    func upload(_ id: String, listingParts: Bool, listingStored: Bool) async throws -> UploadDetails {
        try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(id.urlEncoded)",
                query: (listingParts ? [("list_parts", "true")] : [])
                    + (listingStored ? [("stored_parts", "true")] : []),
                purpose: "get the upload \(id.shortened)",
                timeoutFactor: 2
            )
        )
    }

    /// Aborts an upload and deletes its parts on the server.
    ///
    /// If the response to an attempt is lost, and the upload then no longer exists, the call succeeds.
    ///
    /// - Throws: ``APIError``, with code 8003 if the upload does not exist, or was completed or aborted, or 8009 while
    ///   it is being completed; ``ClientError``.
    public func abortUpload(_ id: String) async throws {
        try await delete(
            APIRequest(
                method: .DELETE,
                path: "\(Self.uploads)/\(id.urlEncoded)",
                purpose: "abort the upload \(id.shortened)"
            )
        )
    }

    /// Requests the part info of one part.
    func partInfo(_ upload: String, _ number: Int) async throws -> PartInfo {
        try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(upload.urlEncoded)/part/\(number)",
                purpose: "request the URL of part \(number)"
            )
        )
    }

    /// Requests the part infos of consecutive parts; requires ``ServerIndex/providesPartInfos``.
    func partInfos(_ upload: String, from first: Int, count: Int) async throws -> [PartInfo] {
        let batch: PartInfos = try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(upload.urlEncoded)/part_infos",
                query: [("from", String(first)), ("count", String(count))],
                purpose: "request the URLs of part \(first) and the following parts"
            )
        )
        return batch.partInfos
    }

    /// Reports a stored part.
    ///
    /// The file will contain only parts that are reported before or with the complete call.
    func report(_ part: VerifiedPart, of upload: String) async throws {
        _ = try await perform(
            APIRequest(
                method: .POST,
                path: "\(Self.uploads)/\(upload.urlEncoded)/part",
                body: part.report,
                purpose: "report part \(part.number)"
            )
        )
    }

    /// Completes an upload.
    ///
    /// - Parameters:
    ///   - upload: Id of the upload.
    ///   - name: Name of the file, for messages.
    ///   - parts: Parts to report with this call, which requires ``ServerIndex/acceptsReportsAtCompletion``; `nil` if
    ///     all parts have already been reported.
    /// - Returns: The file.
    /// - Throws: ``APIError``, with code 8005 if the name has been taken in the meantime, or 8007 if parts are missing
    ///   or the file is refused; ``ClientError``.
    func completeUpload(_ upload: String, name: String, reporting parts: [VerifiedPart]?) async throws -> FileDetails {
        try await call(
            APIRequest(
                method: .POST,
                path: "\(Self.uploads)/\(upload.urlEncoded)/complete",
                body: parts.map { .object(["parts": .array($0.map(\.report))]) },
                purpose: "complete the upload of '\(name)'",
                timeoutFactor: 10
            )
        )
    }
}

extension String {
    /// The id, shortened for messages to its first 12 characters and `…` if it is longer.
    var shortened: String { count > 12 ? "\(prefix(12))…" : self }
}
