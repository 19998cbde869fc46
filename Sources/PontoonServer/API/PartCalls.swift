import Hummingbird
import PontoonCore

/// The request handlers for part infos and part reports.
///
/// Source: docs/api.md#parts.
struct PartCalls {
    /// Path of the uploads, relative to `/v2`.
    let root: String
    let uploads: Uploads
    /// The callers who may make the calls.
    let audience: CallAudience

    func add(to routes: Routes) {
        routes.call(.get, "\(root)/{upload_id}/part/{part_number}", for: audience, changes: true, info)
        routes.call(.get, "\(root)/{upload_id}/part_infos", for: audience, changes: true, infos)
        routes.call(.post, "\(root)/{upload_id}/part", for: audience, report)
        routes.call(.post, "\(root)/{upload_id}", for: audience, reportMany)
    }

    @Sendable private func info(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let request = try await call.scoped(uploads).partInfo(
            try PartNumber(text: try call.context.segment("part_number")),
            of: try call.context.segment("upload_id"),
            caller: call.caller,
            base: call.base
        )
        return .json(PartInfoBody(request: request))
    }

    @Sendable private func infos(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let infos = try await call.scoped(uploads).partInfos(
            try call.query.partBatch(),
            of: try call.context.segment("upload_id"),
            caller: call.caller,
            base: call.base
        )
        return .json(PartInfosBody(partInfos: infos.map { PartInfoBody(request: $0.request, number: $0.number) }))
    }

    @Sendable private func report(_ call: APICall) async throws -> Response {
        let id = try call.context.segment("upload_id")
        let report = try PartReport(try await call.readBody(code: .reportInvalid))
        try await call.scoped(uploads).report([report], of: id, caller: call.caller)
        let href = "\(call.base.api)\(root)/\(id)"
        return .json(PartReportBody(number: report.number, etag: report.etag, href: href))
    }

    @Sendable private func reportMany(_ call: APICall) async throws -> Response {
        let id = try call.context.segment("upload_id")
        let body = try await call.readObject(.list, code: .partListInvalid)
        guard let values = try body.array("parts") else {
            throw PontoonError(.partListInvalid, "The field 'parts' is missing.")
        }
        let reports = try values.map { value in try PartReport(value) }
        try await call.scoped(uploads).report(reports, of: id, caller: call.caller)
        return Response(status: .ok, headers: [.contentLength: "0"])
    }
}

extension Query {
    /// Reads the range of part numbers for which part infos are requested; ``PartBatch`` limits their count.
    ///
    /// - Throws: `.partNumberInvalid` if `from` is not a part number; `.badRequest` if `count` is not a positive
    ///   integer.
    fileprivate func partBatch() throws(PontoonError) -> PartBatch {
        let first = try self["from"].map { text throws(PontoonError) in try PartNumber(text: text) } ?? .first
        return PartBatch(from: first, count: try number("count", from: 1) ?? PartBatch.defaultCount)
    }
}
