package import PontoonCore

extension AuditEntry {
    /// The entry as a line of the audit log.
    package var line: JSONLine {
        JSONLine([
            "time": .string(LogTime.format(time)),
            "action": .string((object.action ?? action).rawValue),
            "result": .string(result.rawValue),
            "status": status.map { .integer(Int64($0)) },
            "error": object.refusal.map { .string($0.rawValue) },
            "user": actor.user.map(JSONValue.string),
            "token": actor.token.map(JSONValue.string),
            "link": actor.link.map(JSONValue.string),
            "session": actor.session.map(JSONValue.string),
            "operator": actor.operator.map(JSONValue.string),
            "address": address.map(JSONValue.string),
            "request": request.map(JSONValue.string),
            "job": job.map(JSONValue.string),
            "object": object.id.map(JSONValue.string),
            "target": object.target.map(JSONValue.string),
            "name": object.name.map(JSONValue.string),
            "project": object.project.map(JSONValue.string),
            "bytes": object.bytes.map(JSONValue.integer),
            "suppressed": suppressed.flatMap { $0 > 0 ? .integer(Int64($0)) : nil },
        ])
    }
}

extension AuditEntry.Result {
    /// Classifies a request by its HTTP status: success below 400, refused from 400 to 499, failed otherwise.
    init(status: Int) { self = status < 400 ? .success : status < 500 ? .refused : .failed }
}
