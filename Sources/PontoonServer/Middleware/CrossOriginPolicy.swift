import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The CORS headers that let pages of other origins call the API and the data plane.
///
/// Responses never allow credentials such as cookies, because a page authenticates with a token or a signed URL, which
/// the page itself adds to its requests.
///
/// Source: docs/api.md#cors; the Fetch standard, section 3.3.
struct CrossOriginPolicy: Sendable {
    private let origins: AllowedOrigins

    /// Creates a policy, or returns `nil` if no origin is allowed.
    init?(_ origins: AllowedOrigins) {
        if origins == .none { return nil }
        self.origins = origins
    }

    /// Returns the response to a preflight request of an allowed origin for the API, the data plane or DRS; `nil` for
    /// any other request.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil,
            Self.covers(request), allowedOrigin(request) != nil
        else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "DELETE, GET, HEAD, PATCH, POST, PUT",
                .accessControlAllowHeaders: Self.requestHeaders,
                .accessControlMaxAge: "7200",
            ]
        )
    }

    /// Adds `Vary: Origin` and, if the origin is allowed, the headers that let the page read the response.
    ///
    /// Does nothing if the request is not for the API, the data plane or DRS.
    func addHeaders(to response: inout Response, for request: Request) {
        guard Self.covers(request) else { return }
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin = allowedOrigin(request) else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.responseHeaders
    }

    private func allowedOrigin(_ request: Request) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        switch origins {
        case .none: return nil
        case .any: return "*"
        case .listed(let listed): return listed.contains(origin) ? origin : nil
        }
    }

    /// Returns whether the request is for the API, the data plane or DRS.
    private static func covers(_ request: Request) -> Bool {
        let path = request.uri.path
        return path == "/v2" || path.hasPrefix("/v2/") || path.hasPrefix(DataPlanePath.root)
            || path.hasPrefix(DRSCalls.root)
    }

    /// Request headers that a page may send, in addition to the CORS-safelisted ones.
    private static let requestHeaders = [
        "Authorization", "Content-MD5", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
        "If-Unmodified-Since", "Last-Event-ID", "Range", "Want-Repr-Digest", "X-Pontoon-Labels",
        "X-Pontoon-Upload-Link", "X-SBG-Advance-Access", "X-SBG-Auth-Token",
        "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256",
    ].joined(separator: ", ")

    /// Response headers that a page may read, in addition to the CORS-safelisted ones.
    private static let responseHeaders = [
        "Accept-Ranges", "Allow", "Content-Disposition", "Content-Range", "ETag", "Link", "Repr-Digest", "Retry-After",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id", "X-Total-Matching-Query",
        "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256",
    ].joined(separator: ", ")
}
