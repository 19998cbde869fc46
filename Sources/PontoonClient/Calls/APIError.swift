import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// A refusal by the API.
public struct APIError: Error, Sendable, CustomStringConvertible {
    /// The HTTP status.
    public let status: Int
    /// The platform's code; `nil` when the answer had none, as from a proxy in between.
    public let code: Int?
    /// What the server said.
    public let message: String
    /// `X-Request-Id` of the answer, for the server's operator.
    public let requestID: String?
    /// The call in words, such as `start the upload of 'reads.bam'`.
    public let purpose: String
    /// Method and path, such as `POST /upload/multipart`.
    public let call: String

    /// In words.
    public var description: String {
        var text = "Could not \(purpose): \(message)"
        if !text.hasSuffix(".") { text += "." }
        text += " (\(call): \(status)" + (code.map { ", code \($0)" } ?? "")
        text += (requestID.map { ", request \($0)" } ?? "") + ")"
        return advice.map { "\(text) \($0)" } ?? text
    }

    /// Reads a refusal; what is no JSON of the API's shape counts too, since proxies answer as they like.
    init(_ answer: HTTPResponse, purpose: String, call: String) {
        struct Body: Decodable {
            var code: Int?
            var message: String?
        }
        let body: Body?
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(buffer: answer.body))
        } catch {
            body = nil
        }
        status = answer.status
        code = body?.code
        message = body?.message ?? "the server answered \(answer.status)"
        requestID = answer.headers.first(name: "X-Request-Id")
        self.purpose = purpose
        self.call = call
    }
}

extension APIError {
    /// What to do about it, as far as the code tells.
    public var advice: String? {
        switch (status, code) {
        case (401, _): "The token is missing, wrong or revoked: see 'pontoon doctor', set another by 'pontoon config'."
        case (403, _): "The token's user lacks the right: ask an admin of the project for 'write' ('copy' to download)."
        case (404, nil), (404, 90_003): "Check the address of the API; it ends with '/v2' nearly everywhere."
        case (404, 3002): "Check the project's id, owner/name: 'pontoon projects' lists yours."
        case (404, 5026): "Check the folder's id: 'pontoon ls' shows them."
        case (_, 8005), (_, 5003): "A file of that name is there: use --overwrite or --skip-existing."
        case (_, 5030): "A folder of that name is there: choose another name."
        case (409, 8007): "Run the same command again: it sends what is missing."
        case (429, _): "The limit of calls is used up: run the same command again later, or with a larger --part-size."
        case (500..., _): "The server has a problem: run the same command again later."
        default: nil
        }
    }

    /// Whether no other call with the same token can succeed.
    var concernsToken: Bool { status == 401 }
    /// Whether no other file can be begun at the same destination: the token, the project or the rights in it.
    var concernsDestination: Bool { concernsToken || status == 403 || (status == 404 && code == 3002) }
}
