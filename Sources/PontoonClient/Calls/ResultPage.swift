import NIOHTTP1

/// The JSON body of a response with one page of a list.
public struct ResultPage<Item: Decodable & Sendable>: Decodable, Sendable {
    /// The items on the page.
    public let items: [Item]
    /// Whether another page follows.
    public let hasNext: Bool

    private enum CodingKeys: String, CodingKey { case items, links }
    private struct Link: Decodable { var rel: String? }

    /// Decodes the API's JSON.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        items = try fields.decode([Item].self, forKey: .items)
        let links = try fields.decodeIfPresent([Link].self, forKey: .links) ?? []
        hasNext = links.contains { $0.rel?.lowercased() == "next" }
    }
}

extension SevenBridgesClient {
    func page<Item: Decodable & Sendable>(
        _ path: String,
        query: [(name: String, value: String)] = [],
        offset: Int,
        limit: Int,
        purpose: String
    ) async throws -> ResultPage<Item> {
        try await call(
            APIRequest(
                method: .GET,
                path: path,
                query: query + [("offset", String(offset)), ("limit", String(limit))],
                purpose: purpose
            )
        )
    }

    /// Reads all pages of a list, one at a time.
    ///
    /// - Parameters:
    ///   - page: Requests the page at an offset.
    ///   - body: Processes the items of one page before the next page is requested.
    /// - Throws: Any error that `page` or `body` throws.
    public func eachPage<Item: Decodable & Sendable>(
        _ page: (_ offset: Int) async throws -> ResultPage<Item>,
        _ body: ([Item]) async throws -> Void
    ) async throws {
        var offset = 0
        while true {
            let response = try await page(offset)
            try await body(response.items)
            offset += response.items.count
            guard response.hasNext, !response.items.isEmpty else { return }
        }
    }
}
