import Foundation
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOPosix
import PontoonCore

/// The maximum size of a JSON body, depending on its contents, but never more than `--max-body-size`.
enum JSONBodyLimit: Sendable {
    /// At most 4 KiB: the body of a sign-in, which needs no token.
    case credentials
    /// At most 64 KiB: a few fields of limited length.
    case fields
    /// At most 1 MiB: fields with long text, such as a description, settings or metadata.
    case text
    /// At most `--max-body-size`: a list with an element for each part or file.
    case list
}

/// A reader of JSON request bodies of limited size.
struct JSONBodyReader: Sendable {
    /// Maximum size of any body in bytes.
    private let maximumSize: Int
    let budget: JSONBodyBudget

    /// Size in bytes from which a body is parsed on a separate thread, so that other calls do not wait.
    private static let largeBody = 256 << 10

    init(maximumSize: Int) {
        self.maximumSize = maximumSize
        budget = JSONBodyBudget(maximumSize: maximumSize)
    }

    /// Reads a complete body, chunked or not.
    ///
    /// An empty body counts as `null`.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The maximum size of the body.
    ///   - code: The error code for a body that is not JSON.
    ///   - reservation: The call's reservation of memory, which grows with the body; the caller releases it.
    /// - Returns: The parsed body.
    /// - Throws: `code` if the body is not JSON; `.requestTooLarge` if it exceeds `limit`; `.unsupportedMediaType` if
    ///   it is not empty and its `Content-Type` is neither JSON nor curl's default (a form); `.unavailable` if the
    ///   memory for JSON bodies, or this caller's share of it, is used up.
    func read(
        _ request: Request,
        limit: JSONBodyLimit,
        code: PontoonError.Code,
        reservation: JSONBodyBudget.Reservation
    ) async throws -> JSONValue {
        let bytes = try await collect(request, limit: bytes(limit), reservation)
        guard !bytes.isEmpty else { return .null }
        if let type = request.headers[.contentType], !Self.isJSON(type) {
            throw PontoonError(.unsupportedMediaType, "The Content-Type '\(type)' is not supported; send JSON.")
        }
        do {
            guard bytes.count >= Self.largeBody else { return try JSONParser.parse(bytes) }
            return try await NIOThreadPool.singleton.runIfActive { try JSONParser.parse(bytes) }
        } catch let error as JSONSyntaxError {
            throw PontoonError(code, "The body is not valid JSON: \(error).")
        }
    }

    /// Reads and discards the body of a call that needs no body.
    ///
    /// Some clients send `null` or `{}` with every call.
    ///
    /// - Throws: `.requestTooLarge` for a body that exceeds ``JSONBodyLimit/fields``.
    func discard(_ request: Request) async throws {
        guard request.hasBody else { return }
        var size = 0
        for try await chunk in request.body {
            size += chunk.readableBytes
            try check(size, bytes(.fields))
        }
    }

    private func collect(
        _ request: Request,
        limit: Int,
        _ reservation: JSONBodyBudget.Reservation
    ) async throws -> [UInt8] {
        var collected: [UInt8] = []
        guard request.hasBody else { return collected }
        for try await chunk in request.body {
            try check(collected.count + chunk.readableBytes, limit)
            try reservation.grow(by: chunk.readableBytes)
            collected.append(contentsOf: chunk.readableBytesView)
        }
        return collected
    }

    private func check(_ size: Int, _ limit: Int) throws(PontoonError) {
        guard size <= limit else { throw PontoonError(.requestTooLarge, "The body is longer than \(limit) bytes.") }
    }

    private func bytes(_ limit: JSONBodyLimit) -> Int {
        switch limit {
        case .credentials: min(4 << 10, maximumSize)
        case .fields: min(64 << 10, maximumSize)
        case .text: min(1 << 20, maximumSize)
        case .list: maximumSize
        }
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        // `curl -d` sends JSON with the content type of a form.
        return name == "application/json" || name.hasSuffix("+json") || name == "application/x-www-form-urlencoded"
    }
}
