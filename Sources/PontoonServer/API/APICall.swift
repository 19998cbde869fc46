import Hummingbird
import HummingbirdCore
import PontoonCore

/// An API call by an authenticated caller.
struct APICall: Sendable {
    let request: Request
    let context: AppContext
    /// The user who makes the call, with the rights of the token.
    ///
    /// For a sender, the user on whose behalf the sender acts.
    let caller: Caller
    /// The sender's session; `nil` if the user makes the call.
    let session: SenderSession?
    /// The rate-limit status of the caller's token; this call is already counted.
    let rateLimit: RateLimitStatus
    /// The base URL at which this client reaches the server.
    let base: BaseURL
    let query: Query
    private let bodies: JSONBodyReader
    private let reservation: JSONBodyBudget.Reservation

    /// - Throws: `.notAuthenticated` unless ``CallerMiddleware`` has identified the caller; `.badRequest` if the query
    ///   cannot be decoded.
    init(_ request: Request, _ context: AppContext, base: BaseURL, bodies: JSONBodyReader) throws(PontoonError) {
        guard let caller = context.caller, let rateLimit = context.rateLimit else {
            throw PontoonError.notAuthenticated
        }
        query = try Query(request)
        self.request = request
        self.context = context
        self.caller = caller.caller
        session = caller.session
        self.rateLimit = rateLimit
        self.base = base
        self.bodies = bodies
        // User names contain no slash, so a sender's key never equals a user's.
        reservation = bodies.budget.reservation(for: session.map { "link/\($0.link.id)" } ?? self.caller.name)
    }

    /// Checks that the caller may make a call with the given audience and scopes.
    ///
    /// - Throws: `.notAuthenticated` for a sender, unless the audience includes senders; `.forbidden` for a user whose
    ///   token has none of the scopes.
    func check(_ audience: CallAudience, _ scopes: Set<TokenScope>) throws(PontoonError) {
        if session != nil {
            guard audience == .usersAndSenders else {
                throw PontoonError(.notAuthenticated, "The token of an upload link is valid only for uploads.")
            }
            return
        }
        guard scopes.contains(caller.rights.scope) else {
            throw PontoonError(
                .forbidden,
                "This token has the scope '\(caller.rights.scope.rawValue)', which does not allow this call."
            )
        }
    }

    /// Returns the use cases, restricted to the uploads of a session if the caller is a sender.
    func scoped(_ uploads: Uploads) -> Uploads { session.map { uploads.of($0) } ?? uploads }

    /// The fields of an upload that the caller may see.
    var uploadFields: FieldSelection { session == nil ? .all : Self.senderUploadFields }

    private static let senderUploadFields = FieldSelection("!project,!parent")

    /// Reads the body as JSON; see ``JSONBodyReader/read(_:limit:code:reservation:)``.
    func readBody(_ limit: JSONBodyLimit = .fields, code: PontoonError.Code) async throws -> JSONValue {
        try await bodies.read(request, limit: limit, code: code, reservation: reservation)
    }

    /// Reads the body as a JSON object.
    ///
    /// - Returns: The object, whose methods throw `code` for an invalid field.
    /// - Throws: `code` if the body is not a JSON object; the errors of ``readBody(_:code:)``.
    func readObject(_ limit: JSONBodyLimit = .fields, code: PontoonError.Code) async throws -> RequestObject {
        try RequestObject(try await readBody(limit, code: code), code: code)
    }

    /// Releases the memory reserved for the body; must be called once the call has been handled.
    func end() { reservation.end() }

    /// Reads and discards the body; see ``JSONBodyReader/discard(_:)``.
    func discardBody() async throws { try await bodies.discard(request) }

    /// The fields that an object in the response has, selected by the query parameter `fields`; by default, all fields.
    var fields: FieldSelection { FieldSelection(query["fields"]) }

    /// Returns the fields that each item of a list has: the fields selected by the query parameter `fields`, or else
    /// the defaults.
    func fields(defaults: [String]) -> FieldSelection { FieldSelection(query["fields"], defaults: defaults) }
}
