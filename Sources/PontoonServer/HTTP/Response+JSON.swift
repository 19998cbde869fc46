import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

extension Response {
    /// Creates a response with a JSON body.
    ///
    /// - Parameters:
    ///   - body: The value to encode.
    ///   - fields: The fields of the outermost object to include.
    ///   - status: The HTTP status.
    /// - Returns: The response.
    static func json(
        _ body: some JSONWritable,
        fields: FieldSelection = .all,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let buffer = JSONWriter(body, fields: fields).buffer
        return Response(
            status: status,
            headers: [.contentType: "application/json", .contentLength: String(buffer.readableBytes)],
            body: ResponseBody(byteBuffer: buffer)
        )
    }

    /// Creates the response for one page of a list, with the total and links to the neighboring pages.
    ///
    /// - Parameters:
    ///   - listing: The items of the page, and the total.
    ///   - path: Path of the list relative to `/v2`, percent-encoded.
    ///   - call: The call, whose query selects the page; the links repeat the query's other parameters.
    ///   - fields: The fields of each item to include.
    ///   - extras: Further fields of the body, by name. Names must not sort between `href` and `links`.
    /// - Returns: The response.
    /// - Throws: `.badRequest` for an invalid page.
    static func list(
        _ listing: Listing<some JSONWritable>,
        path: String,
        call: APICall,
        fields: FieldSelection,
        extras: [String: any JSONWritable] = [:]
    ) throws(PontoonError) -> Response {
        let page = try call.query.page()
        func href(_ page: Page) -> String { "\(call.base.api)\(path)?\(call.query.encoded(page))" }
        let body = ListBody(
            href: href(page),
            items: listing.items,
            links: neighbors(of: page, total: listing.total).map { .init(href: href($0.page), rel: $0.rel) },
            fields: fields,
            extras: extras
        )
        return list(body, total: listing.total)
    }

    /// Creates the response for one page of a scroll, which uses tokens instead of offsets.
    ///
    /// - Parameters:
    ///   - listing: The items of the page, and the total.
    ///   - tokens: The token of this page, and the token of the next page, which is `nil` on the last page.
    ///   - path: Path of the list relative to `/v2`, percent-encoded.
    ///   - call: The call, whose query sets the limit; the links repeat the query's other parameters.
    ///   - fields: The fields of each item to include.
    /// - Returns: The response.
    /// - Throws: `.badRequest` for an invalid limit or offset.
    static func scroll(
        _ listing: Listing<some JSONWritable>,
        tokens: (this: ScrollToken, next: ScrollToken?),
        path: String,
        call: APICall,
        fields: FieldSelection
    ) throws(PontoonError) -> Response {
        let limit = try call.query.page().limit
        func href(_ token: ScrollToken) -> String {
            "\(call.base.api)\(path)?\(call.query.encoded(token, limit: limit))"
        }
        let body = ListBody(
            href: href(tokens.this),
            items: listing.items,
            links: tokens.next.map { [.init(href: href($0), rel: "next")] } ?? [],
            fields: fields
        )
        return list(body, total: listing.total)
    }

    private static func list(_ body: ListBody<some JSONWritable>, total: Int) -> Response {
        var response = json(body)
        response.headers[.totalMatchingQuery] = String(total)
        if !body.links.isEmpty {
            response.headers[.link] = body.links.map { "<\($0.href)>; rel=\"\($0.rel)\"" }.joined(separator: ", ")
        }
        return response
    }

    private static func neighbors(of page: Page, total: Int) -> [(page: Page, rel: String)] {
        var neighbors: [(Page, String)] = []
        // Subtracts, because adding to an arbitrary offset could overflow.
        if page.limit > 0, page.offset < total - page.limit {
            neighbors.append((Page(offset: page.offset + page.limit, limit: page.limit), "next"))
        }
        if page.limit > 0, page.offset > 0 {
            neighbors.append((Page(offset: max(0, page.offset - page.limit), limit: page.limit), "prev"))
        }
        return neighbors
    }
}

extension Listing {
    /// Returns the same page with transformed items.
    func map<Output: Sendable>(_ transform: (Item) throws -> Output) rethrows -> Listing<Output> {
        Listing<Output>(items: try items.map(transform), total: total)
    }
}
