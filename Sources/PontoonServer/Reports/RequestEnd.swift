import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PontoonCore

/// The data about a request and its response that reports need after the handler has returned.
///
/// Must not refer to the request's ``RequestRecord``, because the record refers to this value while a response is being
/// sent, which would create a reference cycle.
struct RequestEnd: Sendable {
    let request: HTTPRequest
    /// The route pattern; `nil` if the request matched none.
    let route: String?
    let status: Int
    /// Size of the response body in bytes; 0 for `HEAD`.
    ///
    /// Must not be used if the body is streamed.
    let responseSize: Int
    let requestID: String
    /// The time at which the request's head was received.
    let start: ContinuousClock.Instant
    private let parameters: Parameters
    private let channel: any Channel
    /// A logger without the request id.
    let logger: Logger

    init(_ request: Request, _ response: Response, _ context: AppContext, start: ContinuousClock.Instant) {
        self.request = request.head
        route = Self.route(of: context)
        status = response.status.code
        responseSize = Self.size(of: response, to: request)
        requestID = context.requestID
        self.start = start
        parameters = context.parameters
        channel = context.channel
        logger = context.logger
    }

    /// Returns the pattern of the route that a request matched; `nil` if it matched none.
    static func route(of context: AppContext) -> String? {
        // Without a matching route, Hummingbird sets the path to `NotFound`.
        context.endpointPath.flatMap { $0.utf8.first == UInt8(ascii: "/") ? $0 : nil }
    }

    /// Returns the size in bytes of a response body that is not streamed; 0 for `HEAD`.
    static func size(of response: Response, to request: Request) -> Int {
        request.method == .head ? 0 : response.body.contentLength ?? 0
    }

    /// A logger with the request id.
    var log: Logger { AppContext.log(logger, requestID: requestID) }

    /// Whether the request transfers the bytes of a part or file.
    var isData: Bool { CallKind(request).transfersBytes }

    /// Returns the client's address; see ``AppContext/clientAddress(in:over:trustsProxy:)``.
    func address(trustsProxy: Bool) -> String {
        AppContext.clientAddress(in: request.headerFields, over: channel, trustsProxy: trustsProxy)
    }

    /// The valid ids in the path, with the metadata keys under which they are logged.
    var ids: [(key: String, id: String)] {
        let names = [
            ("upload_id", "upload.id"), ("part_number", "part.number"), ("file_id", "file.id"), ("link_id", "link.id"),
            ("webhook_id", "webhook.id"),
        ]
        return names.compactMap { name, key in id(name).map { (key, $0) } }
    }

    /// The object that the path names, for the audit log; its id is `nil` if the path names none.
    var object: AuditEntry.Object {
        if let owner = text("owner"), let project = text("project") {
            return AuditEntry.Object(id: "\(owner)/\(project)", target: text("username"))
        }
        let names = ["upload_id", "file_id", "link_id", "token_id", "automation_id", "webhook_id"]
        return AuditEntry.Object(id: names.lazy.compactMap { id($0) }.first)
    }

    /// Returns an id in the path; `nil` if the route has no such parameter, or for text that cannot be an id, such as a
    /// token that a client put there by mistake.
    private func id(_ name: String) -> String? {
        guard let text = parameters.get(name) else { return nil }
        let isID: Bool
        switch name {
        case "file_id": return Self.fileID(text)
        case "part_number": isID = text.utf8.count <= 5 && text.utf8.allSatisfy { (48...57).contains($0) }
        case "upload_id": isID = text.utf8.count == 64 && text.utf8.allSatisfy(Self.isLetterOrDigit)
        case "automation_id":
            isID = text.utf8.count == 36 && text.utf8.allSatisfy { Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        default: isID = Self.isShort(text)
        }
        return isID ? text : nil
    }

    /// Returns the text if it can be the id of a file; otherwise, `nil`.
    static func fileID(_ text: String) -> String? { isShort(text) ? text : nil }

    /// Returns whether a text consists of at most 24 ASCII letters and digits; tokens are longer.
    private static func isShort(_ text: String) -> Bool {
        text.utf8.count <= 24 && text.utf8.allSatisfy(isLetterOrDigit)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// Returns a name in the path, percent-decoded; `nil` if the route has no such parameter, or if its text is
    /// malformed or longer than any name.
    private func text(_ name: String) -> String? {
        guard let text = parameters.get(name).flatMap(PercentEncoding.decode), text.utf8.count <= 256 else {
            return nil
        }
        return text
    }
}
