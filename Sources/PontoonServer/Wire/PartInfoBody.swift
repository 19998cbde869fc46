import PontoonCore

/// Where and how to send one part.
///
/// `GET /v2/upload/multipart/{upload_id}/part/{part_number}`, and an element of ``PartInfosBody``; source:
/// docs/api.md#get-part-info.
struct PartInfoBody: Codable, Sendable {
    /// What the client reports afterwards.
    struct Report: Codable, Sendable {
        /// Response headers to collect.
        var headers: [String]
        var successCodes: [Int]

        private enum CodingKeys: String, CodingKey {
            case headers
            case successCodes = "success_codes"
        }
    }

    /// Extension: which part it is; only among others.
    var partNumber: Int?
    var method: String
    var url: String
    var expires: Timestamp
    /// Request headers to set.
    var headers: [String: String]
    /// Here as well as in `report`: the clients disagree on where they look.
    var successCodes: [Int]
    var report: Report

    private enum CodingKeys: String, CodingKey {
        case method, url, expires, headers, report
        case partNumber = "part_number"
        case successCodes = "success_codes"
    }

    /// Shows a signed request.
    init(_ request: SignedRequest) {
        method = request.method
        url = request.url
        expires = Timestamp(request.expires)
        headers = request.headers
        successCodes = [200]
        report = Report(headers: request.reportHeaders, successCodes: [200])
    }

    /// Shows one of several.
    init(_ request: SignedRequest, of number: PartNumber) {
        self.init(request)
        partNumber = number.rawValue
    }
}

/// Extension `part_infos`: where and how to send parts in a row.
///
/// `GET /v2/upload/multipart/{upload_id}/part_infos`; initialize has the same field when it was asked for it. Source:
/// docs/api.md#part-infos-in-batches.
struct PartInfosBody: Codable, Sendable {
    /// By number, without gaps; each of them has its number.
    var partInfos: [PartInfoBody]

    private enum CodingKeys: String, CodingKey {
        case partInfos = "part_infos"
    }

    /// Takes the parts.
    init(_ partInfos: [PartInfoBody]) { self.partInfos = partInfos }
}

extension PartInfoBody: JSONTextConvertible {
    func write(to json: inout JSONText) {
        json.append(constant: "{\"expires\":")
        json.append(expires.text)
        json.append(constant: ",\"headers\":")
        json.append(headers)
        json.append(constant: ",\"method\":")
        json.append(method)
        if let partNumber {
            json.append(constant: ",\"part_number\":")
            json.append(partNumber)
        }
        json.append(constant: ",\"report\":{\"headers\":")
        json.append(report.headers)
        json.append(constant: ",\"success_codes\":")
        json.append(report.successCodes)
        json.append(constant: "},\"success_codes\":")
        json.append(successCodes)
        json.append(constant: ",\"url\":")
        json.append(url)
        json.append(constant: "}")
    }
}
