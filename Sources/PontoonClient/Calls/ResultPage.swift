import NIOHTTP1

/// One page of a list, decoded from a response of the API.
public struct ResultPage<Item: Decodable & Sendable>: Decodable, Sendable {
    /// The items on the page, in the server's order.
    public let items: [Item]
    /// Whether another page follows, according to the links in the response.
    public let hasNext: Bool

    private enum CodingKeys: String, CodingKey { case items, links }
    private struct Link: Decodable { var rel: String? }

    init(items: [Item], hasNext: Bool) { (self.items, self.hasNext) = (items, hasNext) }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the list of items is missing, or if an item cannot be decoded.
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
        var limit = limit
        while true {
            do {
                return try await call(
                    APIRequest(
                        method: .GET,
                        path: path,
                        query: query + [("offset", String(offset)), ("limit", String(limit))],
                        purpose: purpose
                    )
                )
            } catch let error as ClientError where error.code == .responseTooLong && limit > 1 {
                // The items are unusually long: request fewer.
                limit = max(1, limit / 10)
            }
        }
    }

    /// Maximum number of pages in a list, enough for 10 million items at 100 items per page.
    static var maximumPages: Int { 100_000 }

    /// Reads all pages of a list, one at a time.
    ///
    /// - Parameters:
    ///   - page: Requests the page that starts at the given offset.
    ///   - body: Processes the items of one page before the next page is requested. Also called for an empty page.
    /// - Throws: Any error that `page` or `body` throws; ``ClientError`` with code `.responseUnreadable` if a page has
    ///   the same items as the previous page, or if the list has more than 100,000 pages.
    public func eachPage<Item: Decodable & Sendable & Identifiable>(
        _ page: (_ offset: Int) async throws -> ResultPage<Item>,
        _ body: ([Item]) async throws -> Void
    ) async throws {
        var (offset, previous) = (0, [Item.ID]())
        for _ in 0..<Self.maximumPages {
            let response = try await page(offset)
            let ids = response.items.map(\.id)
            guard ids.isEmpty || ids != previous else {
                throw Self.endless("a list", "contains the same page twice")
            }
            previous = ids
            try await body(response.items)
            offset += ids.count
            guard response.hasNext, !ids.isEmpty else { return }
        }
        throw Self.endless("a list", "has more than \(Self.maximumPages) pages, the maximum")
    }

    /// Returns the error for a list or folder tree that appears to be endless.
    static func endless(_ subject: String, _ problem: String) -> ClientError {
        ClientError(
            .responseUnreadable,
            "The server's response is not valid: \(subject) \(problem).",
            advice: "Run the same command again. If this happens again, contact the server's operator."
        )
    }
}
