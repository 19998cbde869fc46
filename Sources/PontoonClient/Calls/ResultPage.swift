import NIOHTTP1

/// A page of a list.
public struct ResultPage<Item: Decodable & Sendable>: Decodable, Sendable {
    /// The items on the page.
    public let items: [Item]
    /// Whether there are more pages.
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

    /// Reads all pages of a list, one after the other.
    ///
    /// - Parameters:
    ///   - page: Requests the page at an offset.
    ///   - body: Processes the items of a page, before the next one is requested.
    /// - Throws: Any error that `page` or `body` throws.
    public func eachPage<Item: Decodable & Sendable>(
        _ page: (_ offset: Int) async throws -> ResultPage<Item>,
        _ body: ([Item]) async throws -> Void
    ) async throws {
        var offset = 0
        while true {
            let answer = try await page(offset)
            try await body(answer.items)
            offset += answer.items.count
            guard answer.hasNext, !answer.items.isEmpty else { return }
        }
    }
}
