/// Where and how to send one part.
///
/// `GET /v2/upload/multipart/{upload_id}/part/{part_number}`; source: docs/api.md#get-part-info.
package struct PartInfoBody: Codable, Sendable {
    /// What the client reports afterwards.
    package struct Report: Codable, Sendable {
        /// Response headers to collect.
        package var headers: [String]
        package var successCodes: [Int]

        private enum CodingKeys: String, CodingKey {
            case headers
            case successCodes = "success_codes"
        }
    }

    package var method: String
    package var url: String
    package var expires: Timestamp
    /// Request headers to set.
    package var headers: [String: String]
    /// Here as well as in `report`: the clients disagree on where they look.
    package var successCodes: [Int]
    package var report: Report

    private enum CodingKeys: String, CodingKey {
        case method, url, expires, headers, report
        case successCodes = "success_codes"
    }

    /// Shows a signed request.
    package init(_ request: SignedRequest) {
        method = request.method
        url = request.url
        expires = Timestamp(request.expires)
        headers = request.headers
        successCodes = [200]
        report = Report(headers: request.reportHeaders, successCodes: [200])
    }
}

extension PartInfoBody: JSONTextConvertible {
    package func write(to json: inout JSONText) {
        json.append(constant: "{\"expires\":")
        json.append(expires.text)
        json.append(constant: ",\"headers\":")
        json.append(headers)
        json.append(constant: ",\"method\":")
        json.append(method)
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
