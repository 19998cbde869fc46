import Foundation
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOFoundationCompat
import PontoonCore

/// A reader of JSON request bodies of limited size.
struct JSONBodyReader: Sendable {
    /// Maximum size of a body in bytes.
    let maximumSize: Int

    /// Reads a body to its end, chunked or not; an empty body counts as `null`.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - code: The error code for a body that is not JSON.
    /// - Returns: The parsed body.
    /// - Throws: `code`; `.requestTooLarge`; `.unsupportedMediaType` if `Content-Type` is not JSON.
    func read(_ request: Request, code: PontoonError.Code) async throws -> JSONValue {
        var bytes = try await collect(request)
        guard bytes.readableBytes > 0 else { return .null }
        if let type = request.headers[.contentType], !Self.isJSON(type) {
            throw PontoonError(.unsupportedMediaType, "The Content-Type '\(type)' is not supported; send JSON.")
        }
        do {
            return try bytes.readJSONDecodable(JSONValue.self, length: bytes.readableBytes) ?? .null
        } catch is DecodingError {
            throw PontoonError(code, "The body is not valid JSON.")
        }
    }

    /// Reads and discards a body; some clients send `null` or `{}` with every call.
    ///
    /// - Throws: `.requestTooLarge`.
    func discard(_ request: Request) async throws { _ = try await collect(request) }

    private func collect(_ request: Request) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        guard request.hasBody else { return collected }
        for try await chunk in request.body {
            guard collected.readableBytes + chunk.readableBytes <= maximumSize else {
                throw PontoonError(.requestTooLarge, "The body is longer than \(maximumSize) bytes.")
            }
            if collected.readableBytes == 0 { collected = chunk } else { collected.writeImmutableBuffer(chunk) }
        }
        return collected
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        // `curl -d` sends JSON with the content type of a form.
        return name == "application/json" || name.hasSuffix("+json") || name == "application/x-www-form-urlencoded"
    }
}
