import NIOCore
import NIOHTTP1

/// An error response from the API, or the error of one entry of an archive put.
public struct APIError: Error, Sendable, CustomStringConvertible {
    /// The HTTP status of the response, or of the archive entry.
    public let status: Int
    /// The platform code; `nil` if the response had none, for example if a proxy sent it.
    public let code: Int?
    /// The server's message, truncated to 1000 characters; a description of the response if it contains no message.
    public let message: String
    /// Value of the response's `X-Request-Id` header, which identifies the request in the server's log; `nil` if the
    /// response had none, or if this is the error of an archive entry.
    public let requestID: String?
    /// The attempted action, such as `start the upload of 'reads.bam'`.
    public let purpose: String
    /// Method, and path relative to the endpoint, such as `POST /upload/multipart`.
    public let call: String
    /// The endpoint to which a redirect points, such as `https://api.example/v2`.
    ///
    /// `nil` if the response is not a redirect, or its `Location` cannot be used as an endpoint. The client does not
    /// follow redirects, because this could send the token to another host.
    public let redirectedEndpoint: String?

    /// The attempted action, the message, the call with its status and code, and the advice.
    public var description: String {
        var text = "Could not \(purpose): \(message)"
        if !text.hasSuffix(".") { text += "." }
        text += " (\(call): \(status)" + (code.map { ", code \($0)" } ?? "")
        text += (requestID.map { ", request \($0)" } ?? "") + ")"
        return advice.map { "\(text) \($0)" } ?? text
    }

    /// Parses an error response.
    ///
    /// The body may have any format, because a proxy may have sent the response.
    init(_ response: HTTPResponse, purpose: String, call: String) {
        struct Body: Decodable {
            var code: Int?
            var message: String?
        }
        let body: Body?
        do {
            body = try ServerValues.decode(Body.self, from: response.body)
        } catch {
            body = nil
        }
        status = response.status
        code = body?.code
        redirectedEndpoint = Self.redirectedEndpoint(response, call: call)
        message =
            body?.message?.truncated() ?? redirectedEndpoint.map { "the server redirects to \($0)" }
            ?? (Self.expectsTLS(response) ? "the server expects TLS on this port" : nil)
            ?? "the server responded with status \(response.status)"
        requestID = response.headers.first(name: "X-Request-Id")?.truncated(to: 128)
        self.purpose = purpose
        self.call = call
    }

    /// Creates the error for an archive entry that was not stored.
    ///
    /// If `message` is `nil`, the error's message states the status.
    init(status: Int, code: Int?, message: String?, purpose: String, call: String) {
        (self.status, self.code, self.purpose, self.call) = (status, code, purpose, call)
        self.message = message?.truncated() ?? "the server responded with status \(status)"
        (requestID, redirectedEndpoint) = (nil, nil)
    }

    private static func redirectedEndpoint(_ response: HTTPResponse, call: String) -> String? {
        guard (300..<400).contains(response.status), let location = response.headers.first(name: "Location") else {
            return nil
        }
        // Removing the query and the path of the call leaves the URL of the API.
        var target = String(location.prefix { $0 != "?" && $0 != "#" })
        let path = call.split(separator: " ").last.map(String.init) ?? ""
        if target.hasSuffix(path) { target.removeLast(path.count) }
        // A path without a host, or a URL with a password, would not help the user.
        guard (try? WebAddress(target)) != nil else { return nil }
        return target.truncated()
    }

    /// Returns whether the response is an error of nginx, Apache, Go or a similar server that received plain HTTP on a
    /// TLS port.
    private static func expectsTLS(_ response: HTTPResponse) -> Bool {
        guard response.status == 400 else { return false }
        let text = ServerValues.text(of: response.body).prefix(4096).lowercased()
        return text.contains("http request") && text.contains("https")
            || text.contains("speaking plain http to an ssl-enabled")
    }
}

extension APIError {
    /// Suggested remedy; `nil` if there is nothing to suggest.
    public var advice: String? {
        if let redirectedEndpoint {
            return "If you trust this address, use it as the URL of the API: \(redirectedEndpoint)."
        }
        return switch (status, code) {
        case (400, nil) where message.hasPrefix("the server expects TLS"):
            "Use a URL that begins with https:// instead of http://."
        case (401, _):
            "The token is invalid, expired or revoked. Set another one with SB_AUTH_TOKEN or 'pontoon config'."
        case (403, nil):
            "This is not a response from the API: a firewall or proxy refused the request. Contact its administrator."
        case (403, _) where concernsUpload: "Ask a project admin for the 'write' permission."
        case (403, _): "Ask a project admin for the permission, or use a token with more rights."
        case (404, nil), (404, 90_003): "Check the URL of the API; it usually ends with '/v2'."
        case (404, 3002) where call.contains("/members/"): "List the members with 'pontoon members ls'."
        case (404, 3002): "Check the project's id (owner/project). List your projects with 'pontoon projects'."
        case (404, 5026): "Check the folder's id. List folders with 'pontoon ls'."
        case (_, 8005): "Use --overwrite or --skip-existing, or choose another name."
        case (_, 5003): "A file with that name exists. Choose another name."
        case (_, 5030): "A folder with that name exists. Choose another name."
        case (409, 8007) where refusesFile: "Correct the file and upload it again."
        case (409, 8007): "Run the same command again to send the missing parts."
        case (429, _) where concernsUpload:
            "The rate limit is used up. Run the same command again later, or with a larger --part-size."
        case (429, _): "The rate limit is used up. Run the same command again later."
        case (501, _): "The server does not support this call."
        case (500..., _): "Run the same command again later."
        default: nil
        }
    }

    /// Whether the server's validate command refused the file, so that repeating the call would not help.
    ///
    /// Source: docs/hooks.md#validate-command.
    var refusesFile: Bool { code == 8007 && message.hasPrefix("The file was refused: ") }
    /// Whether the call was part of an upload or a file put.
    private var concernsUpload: Bool { call.contains("/upload/") || call.hasSuffix(FilePut.path) }
    /// Whether the server rejected the token, so that every other call with the same token will fail too.
    var concernsToken: Bool { status == 401 }
    /// Whether every upload to the destination will fail, because of the token, the project or the user's permissions.
    ///
    /// A 403 without a code does not count, because it comes from a firewall, which may refuse only a certain name. The
    /// codes 5001 and 8001 do not count, because they apply to a single file or upload.
    var concernsDestination: Bool {
        concernsToken || (status == 404 && code == 3002) || (status == 403 && ![nil, 5001, 8001].contains(code))
    }
}

extension Error {
    /// Whether every other request is likely to fail too, because of the token, the rate limit, the connection or an
    /// outage.
    ///
    /// Always `true` for errors other than ``APIError`` and ``ClientError``, such as cancellation.
    package var concernsEveryRequest: Bool {
        switch self {
        case let error as APIError: error.concernsToken || [429, 502, 503, 504].contains(error.status)
        case let error as ClientError:
            [.endpointInvalid, .credentialsMissing, .unreachable, .tlsFailed, .connectionLost, .timedOut]
                .contains(error.code)
        default: true
        }
    }

    /// Whether the error may apply only to the file or folder in the request, so that other uploads to the same
    /// destination can succeed.
    var concernsOneName: Bool {
        !concernsEveryRequest && (self as? APIError)?.concernsDestination != true
    }
}
