import Hummingbird
import HummingbirdCore
import PontoonCore

/// A call of the API by an authenticated caller.
struct APICall: Sendable {
    let request: Request
    let context: AppContext
    let caller: User
    /// The rate limit of the caller's token, this call included.
    let rateLimit: RateLimitStatus
    /// The server's URL as this client reaches it.
    let base: BaseURL
    let query: Query
    private let bodies: JSONBodyReader

    /// - Throws: `.notAuthenticated` unless the request went through ``AuthenticationMiddleware`` and
    ///   ``RateLimitMiddleware``.
    init(_ request: Request, _ context: AppContext, base: BaseURL, bodies: JSONBodyReader) throws(PontoonError) {
        guard let caller = context.caller?.user, let rateLimit = context.rateLimit else {
            throw PontoonError(.notAuthenticated, "Authentication is required.")
        }
        self.request = request
        self.context = context
        self.caller = caller
        self.rateLimit = rateLimit
        self.base = base
        self.bodies = bodies
        query = Query(request)
    }

    /// Reads the body; see ``JSONBodyReader/read(_:code:)``.
    func readBody(code: PontoonError.Code) async throws -> JSONValue { try await bodies.read(request, code: code) }

    /// Reads a body that must be an object.
    ///
    /// - Throws: `code` if the body is malformed. The returned object throws it for each invalid field.
    func readObject(code: PontoonError.Code) async throws -> RequestObject {
        try RequestObject(try await readBody(code: code), code: code)
    }

    /// Reads and ignores the body.
    func discardBody() async throws { try await bodies.discard(request) }

    /// The fields that the caller selects for an object.
    var fields: FieldSelection { FieldSelection(query["fields"]) }

    /// The fields that the caller selects for the items of a list, or else the defaults.
    func fields(defaults: [String]) -> FieldSelection { FieldSelection(query["fields"], defaults: defaults) }
}
