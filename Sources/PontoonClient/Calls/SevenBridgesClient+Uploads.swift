import NIOHTTP1
import PontoonCore

/// What initialize is asked for.
public struct UploadStart: Sendable {
    /// Where the file goes.
    public var destination: UploadDestination
    /// The file's name there, without slashes.
    public var name: String
    /// Its length in bytes.
    public var size: Int64
    /// Wished bytes per part; the server may decide otherwise.
    public var partSize: Int64?
    /// Whether a file of that name is replaced.
    public var overwrite = false
    /// How many part infos are to come along; only where the server offers them.
    var partInfos: Int?

    /// Joins the fields.
    public init(destination: UploadDestination, name: String, size: Int64) {
        self.destination = destination
        self.name = name
        self.size = size
    }
}

extension VerifiedPart {
    /// The part's report, as the API takes it.
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
    /// When the answer is lost it is asked for again; the upload that was begun in vain holds nothing and expires.
    public func startUpload(_ start: UploadStart) async throws -> UploadDetails {
        var body: [String: JSONValue] = ["name": .string(start.name), "size": .integer(start.size)]
        switch start.destination {
        case .project(let id): body["project"] = .string(id)
        case .folder(let id): body["parent"] = .string(id)
        }
        body["part_size"] = start.partSize.map { .integer($0) }
        body["part_infos"] = start.partInfos.map { .integer(Int64($0)) }
        return try await call(
            APIRequest(
                method: .POST,
                path: Self.uploads,
                query: start.overwrite ? [("overwrite", "true")] : [],
                body: .object(body),
                purpose: "start the upload of '\(start.name)'"
            )
        )
    }

    /// The caller's unfinished uploads, a page.
    public func uploads(offset: Int = 0, limit: Int = 100) async throws -> ResultPage<UploadDetails> {
        try await page(Self.uploads, offset: offset, limit: limit, purpose: "list the unfinished uploads")
    }

    /// An upload.
    ///
    /// - Parameters:
    ///   - id: The upload's id.
    ///   - listingParts: Whether the reported parts are to be listed.
    /// - Returns: The upload.
    /// - Throws: ``APIError`` with code 8003 when it is unknown, finished or aborted.
    public func upload(_ id: String, listingParts: Bool = false) async throws -> UploadDetails {
        try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(id.urlEncoded)",
                query: listingParts ? [("list_parts", "true")] : [],
                purpose: "look at the upload \(id.shortened)",
                timeoutFactor: 2
            )
        )
    }

    /// Gives an upload up; what it holds is gone.
    public func abortUpload(_ id: String) async throws {
        _ = try await perform(
            APIRequest(
                method: .DELETE,
                path: "\(Self.uploads)/\(id.urlEncoded)",
                purpose: "abort the upload \(id.shortened)"
            )
        )
    }

    /// Where one part goes.
    func partInfo(_ upload: String, _ number: Int) async throws -> PartInfo {
        try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(upload.urlEncoded)/part/\(number)",
                purpose: "ask where part \(number) goes"
            )
        )
    }

    /// Where parts in a row go; only where the server offers it.
    func partInfos(_ upload: String, from first: Int, count: Int) async throws -> [PartInfo] {
        let answer: PartInfos = try await call(
            APIRequest(
                method: .GET,
                path: "\(Self.uploads)/\(upload.urlEncoded)/part_infos",
                query: [("from", String(first)), ("count", String(count))],
                purpose: "ask where parts from \(first) go"
            )
        )
        return answer.partInfos
    }

    /// Reports a part.
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
    ///   - parts: Parts that are reported with this call; `nil` if all were reported before.
    /// - Returns: The file.
    /// - Throws: ``APIError``, ``ClientError``.
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
    /// The beginning of a long id, enough to find it in a list.
    var shortened: String { count > 12 ? "\(prefix(12))…" : self }
}
