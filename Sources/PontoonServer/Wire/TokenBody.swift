import Foundation
import PontoonCore

/// The JSON body that describes a token to its user.
///
/// `GET /v2/tokens/{token_id}`; source: docs/api.md#tokens.
struct TokenBody: JSONWritable {
    let record: TokenRecord
    let caller: Caller
    let base: BaseURL
    /// The token itself; only in the response to the call that creates it.
    var token: Secret?

    func write(to json: inout JSONWriter) {
        let details = record.details
        json.object { json in
            json.field("created_by", record.createdBy)
            json.field("created_on", Timestamp(record.createdOn))
            json.field("current", record.id == caller.token?.id)
            json.field("expires", details.expiresOn.map { Timestamp($0) })
            json.field("href", "\(base.api)\(TokenCalls.root)/\(record.id)")
            json.field("id", record.id)
            json.field("last_used", record.usedOn.map { String($0.formatted(.iso8601).prefix(10)) })
            json.field("name", details.name)
            json.field("projects", details.rights.projects.map { $0.map(\.description).sorted() })
            json.field("scope", details.rights.scope.rawValue)
            json.field("token", token?.value)
        }
    }
}

extension NewToken {
    /// Reads the body of `POST /v2/tokens`; unknown fields are ignored, and `null` counts as absent.
    ///
    /// Source: docs/api.md#tokens.
    ///
    /// - Throws: `.badRequest` if a known field has the wrong type, the scope does not exist, or `expires` is not a
    ///   time; `.projectQueryMalformed` if a project does not have the form `owner/project`.
    init(_ body: RequestObject) throws(PontoonError) {
        self.init(name: try body.string("name") ?? "")
        if let text = try body.string("scope") {
            guard let scope = TokenScope(rawValue: text) else {
                let scopes = TokenScope.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                throw PontoonError(.badRequest, "The field 'scope' must be one of \(scopes).")
            }
            self.scope = scope
        }
        if let ids = try body.strings("projects") {
            var projects: Set<ProjectID> = []
            for text in ids {
                guard let id = ProjectID(text) else {
                    let problem = "The project '\(text)' must have the form owner/project."
                    throw PontoonError(.projectQueryMalformed, problem)
                }
                projects.insert(id)
            }
            self.projects = projects
        }
        expiresOn = try body.time("expires")
    }
}
