import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOFoundationCompat
import PontoonCore

/// Reads and writes JSON bodies.
struct Bodies: Sendable {
    private let maximumSize: Int

    init(maximumSize: Int) { self.maximumSize = maximumSize }

    /// Reads a body whatever its framing; no bytes at all count as `null`.
    ///
    /// - Parameters:
    ///   - request: Read to its end.
    ///   - code: What a malformed body is refused with.
    /// - Returns: The JSON.
    /// - Throws: `code`; `.requestTooLarge`; `.unsupportedMediaType` for a body that says it is not JSON.
    func read(_ request: Request, code: PontoonError.Code) async throws -> JSONValue {
        var bytes = try await collect(request)
        guard bytes.readableBytes > 0 else { return .null }
        if let type = request.headers[.contentType], !Self.isJSON(type) {
            throw PontoonError(.unsupportedMediaType, "The body must be JSON.")
        }
        do {
            return try bytes.readJSONDecodable(JSONValue.self, length: bytes.readableBytes) ?? .null
        } catch is DecodingError {
            throw PontoonError(code, "The body is not valid JSON.")
        }
    }

    /// Reads a body and its fields.
    func readObject(_ request: Request, code: PontoonError.Code) async throws -> RequestObject {
        try RequestObject(try await read(request, code: code), code: code)
    }

    /// Reads and drops a body that means nothing: some clients send `null` or `{}` with every call.
    func drop(_ request: Request) async throws { _ = try await collect(request) }

    private func collect(_ request: Request) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        guard request.hasBody else { return collected }
        for try await chunk in request.body {
            guard collected.readableBytes + chunk.readableBytes <= maximumSize else {
                throw PontoonError(.requestTooLarge, "The body is longer than \(maximumSize) bytes.")
            }
            if collected.readableBytes == 0 { collected = chunk } else { collected.writeImmutableBuffer(chunk) }
        }
        return collected
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        // curl's -d says it is a form; what counts is what is inside.
        return name == "application/json" || name.hasSuffix("+json") || name == "application/x-www-form-urlencoded"
    }
}

extension Response {
    /// An answer with a JSON body.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return json(ByteBuffer(data: try encoder.encode(value)), status: status)
    }

    /// An answer with a JSON body that writes itself.
    static func json(_ value: some JSONTextConvertible) -> Response { json(JSONText(value).buffer, status: .ok) }

    private static func json(_ body: ByteBuffer, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .contentLength: String(body.readableBytes)],
            body: ResponseBody(byteBuffer: body)
        )
    }

    /// An answer with a JSON body of which the caller chose the fields.
    static func json(
        _ value: some Encodable,
        fields: FieldSelection,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        if fields.isWhole || fields.isDefault { return try json(value, status: status) }
        return try json(fields.apply(to: try JSONValue(encoding: value), defaults: nil), status: status)
    }

    /// A page of a list, with the total and the links that the clients read.
    ///
    /// - Parameters:
    ///   - listing: The entries, already in the shape of the API.
    ///   - path: Path of the list below `/v2`, encoded.
    ///   - query: The caller's, of which page and fields are used and the rest is kept in the links.
    ///   - base: Where the caller reaches this server.
    ///   - defaults: Fields that are shown when the caller names none; `nil` shows all and lets nobody choose.
    /// - Returns: The answer.
    /// - Throws: `.badRequest` for a bad page.
    static func list(
        _ listing: Listing<some Codable & Sendable>,
        path: String,
        query: Query,
        base: BaseURL,
        defaults: [String]?
    ) throws -> Response {
        let page = try query.page()
        let body = ListBody(
            href: href(path, query, page, base),
            items: try items(listing, fields: query.fields, defaults: defaults),
            links: links(page, total: listing.total).map {
                ListBody.Link(href: href(path, query, $0.page, base), rel: $0.rel)
            }
        )
        return try list(body, total: listing.total)
    }

    /// A page of a list that is read from token to token.
    ///
    /// - Parameters:
    ///   - listing: The entries, already in the shape of the API.
    ///   - tokens: That of this page, and that of the next one unless this is the last.
    ///   - path: Path of the list below `/v2`, encoded.
    ///   - query: The caller's, of which limit and fields are used and the rest is kept in the links.
    ///   - base: Where the caller reaches this server.
    ///   - defaults: Fields that are shown when the caller names none.
    /// - Returns: The answer.
    /// - Throws: `.badRequest` for a bad limit.
    static func scroll(
        _ listing: Listing<some Codable & Sendable>,
        tokens: (this: ScrollToken, next: ScrollToken?),
        path: String,
        query: Query,
        base: BaseURL,
        defaults: [String]
    ) throws -> Response {
        let limit = try query.page().limit
        func href(_ token: ScrollToken) -> String { "\(base.api)\(path)?\(query.encoded(token, limit: limit))" }
        let body = ListBody(
            href: href(tokens.this),
            items: try items(listing, fields: query.fields, defaults: defaults),
            links: tokens.next.map { [ListBody.Link(href: href($0), rel: "next")] } ?? []
        )
        return try list(body, total: listing.total)
    }

    private static func list(_ body: ListBody<JSONValue>, total: Int) throws -> Response {
        var response = try json(body)
        response.headers[.totalMatchingQuery] = String(total)
        if !body.links.isEmpty {
            response.headers[.link] = body.links.map { "<\($0.href)>; rel=\"\($0.rel)\"" }.joined(separator: ", ")
        }
        return response
    }

    private static func items(
        _ listing: Listing<some Codable & Sendable>,
        fields: FieldSelection,
        defaults: [String]?
    ) throws -> [JSONValue] {
        try listing.items.map { item in
            let whole = try JSONValue(encoding: item)
            return defaults == nil ? whole : fields.apply(to: whole, defaults: defaults)
        }
    }

    private static func links(_ page: Page, total: Int) -> [(page: Page, rel: String)] {
        var links: [(Page, String)] = []
        // Not as a sum, which could overflow: the offset is as large as the caller likes.
        if page.limit > 0, page.offset < total - page.limit {
            links.append((Page(offset: page.offset + page.limit, limit: page.limit), "next"))
        }
        if page.limit > 0, page.offset > 0 {
            links.append((Page(offset: max(0, page.offset - page.limit), limit: page.limit), "prev"))
        }
        return links
    }

    private static func href(_ path: String, _ query: Query, _ page: Page, _ base: BaseURL) -> String {
        "\(base.api)\(path)?\(query.encoded(page))"
    }
}

extension JSONValue {
    /// The JSON of any value.
    init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: try JSONEncoder().encode(value))
    }
}
