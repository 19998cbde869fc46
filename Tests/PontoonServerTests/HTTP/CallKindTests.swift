import HTTPTypes
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// The kinds of calls, and the executor for calls of low priority.
struct CallKindTests {
    @Test(
        "only transfers, calls on single uploads and health checks have normal priority",
        arguments: [
            (HTTPRequest.Method.put, "/storage/parts/x/1?key=1", CallKind.data),
            (.get, "/storage/files/x", .data),
            (.post, "/v2/upload/archive?project=x", .archive), (.get, "/storage/archives/u/x/0/tar?key=1", .archive),
            (.get, "/v2/files/x/archive_info", .other),
            (.post, "/v2/upload/multipart", .upload),
            (.post, "/v2/upload/multipart?overwrite=true", .upload),
            (.get, "/v2/upload/multipart/x/part/1", .upload),
            (.post, "/v2/upload/multipart/x/complete", .upload),
            (.delete, "/v2/upload/multipart/x", .upload),
            (.post, "/v2/automation/upload", .upload),
            (.post, "/v2/automation/upload/x/complete", .upload),
            (.get, "/healthz", .upload), (.get, "/readyz", .upload),
            (.get, "/v2/upload/multipart", .other),
            (.get, "/v2/upload/multipart?limit=100", .other),
            (.post, "/v2/upload/multipartx", .other),
            (.post, "/v2/upload_links/session", .other),
            (.get, "/v2/projects?fields=_all", .other), (.get, "/", .other), (.get, "", .other),
        ]
    )
    func kinds(method: HTTPRequest.Method, path: String, kind: CallKind) {
        let request = HTTPRequest(method: method, scheme: "http", authority: "a", path: path)
        #expect(CallKind(request) == kind)
    }

    @Test("isCurrent is true only in tasks on the low-priority executor, even after a suspension")
    func executor() async {
        #expect(!LowPriorityExecutor.isCurrent)
        await withTaskExecutorPreference(LowPriorityExecutor.shared) {
            #expect(LowPriorityExecutor.isCurrent)
            await Task.yield()
            #expect(LowPriorityExecutor.isCurrent)
            await Task { #expect(!LowPriorityExecutor.isCurrent) }.value
        }
        #expect(!LowPriorityExecutor.isCurrent)
    }
}
