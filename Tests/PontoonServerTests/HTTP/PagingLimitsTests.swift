import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Extreme values of `limit` and `offset`.
@Suite(.timeLimit(.minutes(10)))
struct PagingLimitsTests {
    @Test(
        "an offset beyond the end returns an empty page",
        arguments: [
            "/projects", "/projects/admin", "/projects/admin/uploads/files", "/projects/admin/uploads/members",
            "/files", "/files/scroll", "/files/{root}/list", "/files/{root}/scroll", "/upload/multipart",
        ]
    )
    func farOffset(path: String) async throws {
        try await withTestServer { server in
            let path = path.replacing("{root}", with: try await server.api.root())
            let isScroll = path.hasSuffix("scroll")
            let place = path.hasPrefix("/files/") && path != "/files/scroll" ? "" : "project=admin/uploads&"
            let answer = try await server.api.call(.GET, "\(path)?\(place)offset=\(Int64.max)&limit=100")
            #expect(answer.status == 200, "\(answer)")
            #expect(answer.headers["X-Total-Matching-Query"].count == 1)
            #expect(answer["items"] == [])
            #expect((try? answer.text("href"))?.contains("offset=\(Int64.max)") == !isScroll)
            guard case .array(let links) = answer["links"] else { throw UnexpectedAnswer(description: "\(answer)") }
            #expect(links.map { $0["rel"] } == (isScroll ? [] : ["prev"]))
        }
    }
}
