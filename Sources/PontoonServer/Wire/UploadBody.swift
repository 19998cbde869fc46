import PontoonCore

/// An upload as the API shows it: answer of initialize, item of the list, and details.
///
/// `GET /v2/upload/multipart/{upload_id}`; source: docs/api.md#uploads.
struct UploadBody: Codable, Sendable {
    /// Absolute URL of the upload; the Java client hangs every later call on it.
    var href: String
    var uploadID: String
    /// Absent for a code package.
    var project: String?
    var parent: String?
    /// Only for a code package.
    var automationID: String?
    var name: String
    /// Absent when it was not declared.
    var size: Int64?
    var partSize: Int64?
    var parallelUploads: Bool?
    var initiated: Timestamp
    /// Parts that were reported.
    var uploadedPartsCount: Int?
    /// Extension: parts whose bytes are stored, reported or not.
    var storedPartsCount: Int?
    /// Extension: bytes in the stored parts.
    var storedBytes: Int64?
    /// Reported parts, by number; only with `list_parts=true`.
    var parts: [PartReportBody]?
    /// Extension `part_infos`: where the first parts go; only from initialize, and only when it was asked for them.
    var partInfos: [PartInfoBody]?

    private enum CodingKeys: String, CodingKey {
        case href, project, parent, name, size, initiated, parts
        case uploadID = "upload_id"
        case automationID = "automation_id"
        case partSize = "part_size"
        case parallelUploads = "parallel_uploads"
        case uploadedPartsCount = "uploaded_parts_count"
        case storedPartsCount = "stored_parts_count"
        case storedBytes = "stored_bytes"
        case partInfos = "part_infos"
    }

    /// What initialize answers, and the base of the other two.
    init(_ upload: Upload, base: BaseURL) {
        switch upload.destination {
        case .folder(let parent, let project, _):
            href = "\(base.api)/upload/multipart/\(upload.id)"
            self.project = project.description
            self.parent = parent
        case .automation(let id):
            href = "\(base.api)/automation/upload/\(upload.id)"
            automationID = id
        }
        uploadID = upload.id
        name = upload.name
        size = upload.size
        partSize = upload.partSize
        parallelUploads = true
        initiated = Timestamp(upload.initiatedOn)
        uploadedPartsCount = 0
    }

    /// What the list and the details show.
    init(_ summary: UploadSummary, base: BaseURL) {
        self.init(summary.upload, base: base)
        uploadedPartsCount = summary.reportedParts
        storedPartsCount = summary.storedParts
        storedBytes = summary.storedBytes
    }
}

/// One part report, as sent by the client and as listed by `list_parts=true`.
struct PartReportBody: Codable, Sendable {
    /// The part's headers.
    struct Response: Codable, Sendable {
        var headers: [String: String]
    }

    /// Only in the answer to a report: the upload, which the Java client reads.
    var href: String?
    var partNumber: Int
    var response: Response

    private enum CodingKeys: String, CodingKey {
        case href, response
        case partNumber = "part_number"
    }

    /// Shows a part with its tag, without quotes.
    init(number: PartNumber, etag: String, href: String? = nil) {
        self.href = href
        partNumber = number.rawValue
        response = Response(headers: ["ETag": etag])
    }
}

extension PartReportBody: JSONTextConvertible {
    func write(to json: inout JSONText) {
        json.append(constant: "{")
        if let href {
            json.append(constant: "\"href\":")
            json.append(href)
            json.append(constant: ",")
        }
        json.append(constant: "\"part_number\":")
        json.append(partNumber)
        json.append(constant: ",\"response\":{\"headers\":")
        json.append(response.headers)
        json.append(constant: "}}")
    }
}

extension PartReport {
    /// Reads one report from a request.
    ///
    /// - Throws: `.partNumberInvalid` for the number, `.reportInvalid` for the rest.
    init(_ value: JSONValue) throws(PontoonError) {
        guard case .object(let fields) = value else {
            throw PontoonError(.reportInvalid, "A part report must be a JSON object.")
        }
        guard let number = fields["part_number"]?.integer else {
            throw PontoonError(.partNumberInvalid, "The field 'part_number' must be an integer from 1 to 10000.")
        }
        let partNumber = try PartNumber(Int(clamping: number))
        guard case .object(let response) = fields["response"], case .object(let headers) = response["headers"] else {
            throw PontoonError(.reportInvalid, "The report of part \(number) lacks 'response.headers'.")
        }
        let tag = headers.first { $0.key.lowercased() == "etag" }?.value
        guard case .string(let etag) = tag, !etag.isEmpty, etag != "\"\"" else {
            throw PontoonError(
                .reportInvalid,
                "The report of part \(number) has no ETag: the part was not stored, send it again."
            )
        }
        self.init(number: partNumber, etag: etag)
    }
}
