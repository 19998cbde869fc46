import PontoonCore

/// The JSON body with the HTTP request that sends one part.
///
/// `GET /v2/upload/multipart/{upload_id}/part/{part_number}`, and an element of ``PartInfosBody``; source:
/// docs/api.md#get-part-info.
struct PartInfoBody: JSONWritable {
    let request: SignedRequest
    /// The number of the part; only in the extension `part_infos`.
    var number: PartNumber?

    private static let successCodes = [200]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("expires", Timestamp(request.expires))
            json.field("headers", request.headers)
            json.field("method", request.method)
            json.field("part_number", number?.rawValue)
            json.field("report", Report(headers: request.reportHeaders))
            // Included here and in `report`, because clients differ in which of the two fields they read.
            json.field("success_codes", Self.successCodes)
            json.field("url", request.url)
        }
    }

    /// A description of what the client must report after it has sent the part.
    private struct Report: JSONWritable {
        /// Names of the response headers to report.
        let headers: [String]

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("headers", headers)
                json.field("success_codes", PartInfoBody.successCodes)
            }
        }
    }
}

/// The JSON body of the extension `part_infos`: the HTTP requests that send consecutive parts.
///
/// `GET /v2/upload/multipart/{upload_id}/part_infos`; source: docs/api.md#part-infos-in-batches.
struct PartInfosBody: JSONWritable {
    /// Consecutive parts, ordered by number.
    let partInfos: [PartInfoBody]

    func write(to json: inout JSONWriter) {
        json.object { json in json.field("part_infos", partInfos) }
    }
}
