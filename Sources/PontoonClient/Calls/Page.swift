import NIOHTTP1

/// A page of a list.
public struct Page<Item: Decodable & Sendable>: Decodable, Sendable {
    /// What is on it.
    public let items: [Item]
    /// Whether more follow.
    public let hasNext: Bool

    private enum CodingKeys: String, CodingKey { case items, links }
    private struct Link: Decodable { var rel: String? }

    /// Reads the API's JSON; what may be absent, may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        items = try fields.decode([Item].self, forKey: .items)
        let links = try fields.decodeIfPresent([Link].self, forKey: .links) ?? []
        hasNext = links.contains { $0.rel?.lowercased() == "next" }
    }
}

extension SevenBridgesClient {
    /// A page of a list.
    func page<Item: Decodable & Sendable>(
        _ path: String,
        query: [(name: String, value: String)] = [],
        offset: Int,
        limit: Int,
        purpose: String
    ) async throws -> Page<Item> {
        try await call(
            APIRequest(
                method: .GET,
                path: path,
                query: query + [("offset", String(offset)), ("limit", String(limit))],
                purpose: purpose
            )
        )
    }

    /// All pages of a list, one after the other; each is handed over before the next is asked for.
    ///
    /// - Throws: What a page or `body` throws.
    public func eachPage<Item: Decodable & Sendable>(
        _ page: (_ offset: Int) async throws -> Page<Item>,
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
