import PontoonCore

/// The JSON body that describes an upload: the response to the initialize call, an item of the upload list, or the
/// details of an upload.
///
/// `GET /v2/upload/multipart/{upload_id}`; source: docs/api.md#uploads.
struct UploadBody: JSONWritable {
    let upload: Upload
    let base: BaseURL
    /// Number of reported parts.
    var reportedParts = 0
    /// Extension: number of stored parts, reported or not; `nil` and omitted with S3, where parts bypass the server.
    var storedParts: Int?
    /// Extension: total size of the stored parts in bytes; `nil` and omitted with S3, where parts bypass the server.
    var storedBytes: Int64?
    /// Reported parts, ordered by number; only with `list_parts=true`.
    var parts: [PartReportBody]?
    /// Extension `stored_parts`: the stored parts, reported or not, ordered by number; only with `stored_parts=true`.
    var storedPartList: [PartReportBody]?
    /// Extension `part_infos`; only in the response to the initialize call, if requested.
    var partInfos: [PartInfoBody]?
    /// Extension `upload_labels`: the metadata and tags that the file will have; each is omitted if empty.
    var labels = FileLabels()
    /// Whether the upload is an item of a list.
    ///
    /// Items have fewer fields than other responses, as on the platform.
    var isListItem = false

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("automation_id", automation)
            // The Java client builds the URLs of all later calls from `href`.
            json.field("href", href)
            json.field("initiated", Timestamp(upload.initiatedOn))
            json.field("metadata", labels.metadata.isEmpty ? nil : labels.metadata)
            json.field("name", upload.name)
            json.field("parallel_uploads", isListItem ? nil : true)
            json.field("parent", parent)
            json.field("part_infos", partInfos)
            json.field("part_size", upload.partSize)
            json.field("parts", parts)
            json.field("project", project)
            json.field("size", upload.size)
            json.field("stored_bytes", storedBytes)
            json.field("stored_parts", storedPartList)
            json.field("stored_parts_count", storedParts)
            json.field("tags", labels.tags.isEmpty ? nil : labels.tags)
            json.field("upload_id", upload.id)
            json.field("uploaded_parts_count", reportedParts)
        }
    }

    private var href: String {
        switch upload.destination {
        case .folder: "\(base.api)\(UploadCalls.root)/\(upload.id)"
        case .automation: "\(base.api)\(AutomationCalls.uploadRoot)/\(upload.id)"
        }
    }

    private var automation: String? {
        guard case .automation(let id) = upload.destination else { return nil }
        return id
    }

    private var project: String? {
        guard case .folder(_, let project, _) = upload.destination else { return nil }
        return project.description
    }

    private var parent: String? {
        guard case .folder(let id, _, let wasGivenByFolder) = upload.destination else { return nil }
        return isListItem && !wasGivenByFolder ? nil : id
    }
}

extension UploadBody {
    /// Creates the body of an unfinished upload, with the number and size of its parts.
    init(_ summary: UploadSummary, base: BaseURL) {
        self.init(
            upload: summary.upload,
            base: base,
            reportedParts: summary.reportedParts,
            storedParts: summary.storedParts,
            storedBytes: summary.storedBytes,
            labels: summary.labels
        )
    }
}

/// The JSON body that describes a part report: the response to a report, and an item of `list_parts=true` or
/// `stored_parts=true`.
struct PartReportBody: JSONWritable {
    let number: PartNumber
    /// The ETag, without quotes.
    let etag: String
    /// URL of the upload, which the Java client reads; only in the response to a report.
    var href: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("href", href)
            json.field("part_number", number.rawValue)
            json.field("response", ["headers": ["ETag": etag]])
        }
    }
}

extension PartReport {
    /// Reads one part report from the body of a request.
    ///
    /// - Throws: `.partNumberInvalid` if the part number is missing or invalid; `.reportInvalid` for any other error.
    init(_ value: JSONValue) throws(PontoonError) {
        guard case .object(let fields) = value else {
            throw PontoonError(.reportInvalid, "A part report must be a JSON object.")
        }
        guard let number = fields["part_number"]?.integer else {
            throw PontoonError(.partNumberInvalid, "The field 'part_number' must be an integer from 1 to 10000.")
        }
        let partNumber = try PartNumber(Int(clamping: number))
        guard case .object(let response) = fields["response"], case .object(let headers) = response["headers"] else {
            throw PontoonError(.reportInvalid, "The report of part \(number) must have an object 'response.headers'.")
        }
        let tag = headers.first { $0.key.lowercased() == "etag" }?.value
        guard case .string(let etag) = tag, !etag.isEmpty, etag != "\"\"" else {
            throw PontoonError(
                .reportInvalid,
                """
                The report of part \(number) has no ETag. Report the ETag of the response to the part's PUT; if that \
                response had none, send the part again.
                """
            )
        }
        self.init(number: partNumber, etag: etag)
    }
}
