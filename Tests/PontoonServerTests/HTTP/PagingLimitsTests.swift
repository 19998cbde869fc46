import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Offsets beyond the end of a list.
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
            let response = try await server.api.call(.GET, "\(path)?\(place)offset=\(Int64.max)&limit=100")
            #expect(response.status == 200, "\(response)")
            #expect(response.headers["X-Total-Matching-Query"].count == 1)
            #expect(response["items"] == [])
            #expect((try? response.text("href"))?.contains("offset=\(Int64.max)") == !isScroll)
            guard case .array(let links) = response["links"] else {
                throw UnexpectedResponse(description: "\(response)")
            }
            #expect(links.map { $0["rel"] } == (isScroll ? [] : ["prev"]))
        }
    }
}
