import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// The request handler for storing a whole file in one call, the extension `file_put`.
///
/// Source: docs/api.md#a-file-in-one-call.
struct FileContentCalls {
    /// Path of the call, relative to `/v2`.
    static let path = "/files/content"

    /// Returns whether a request sends the bytes of a file, and is therefore treated like the `PUT` of a part.
    static func isPut(_ method: String, _ uri: String) -> Bool { method == "PUT" && uri.hasPrefix("/v2\(path)") }

    let uploads: Uploads
    let projects: Projects
    /// Maximum length of a file in bytes.
    let maximumSize: Int64
    /// The limit on the memory in which bodies are collected before they are sent to a bucket.
    ///
    /// A bucket receives each file in one request. Not used with the disk store.
    private let memory: JSONBodyBudget
    private let budget: ReceiveBufferBudget

    init(
        uploads: Uploads,
        projects: Projects,
        maximumSize: Int,
        memory: JSONBodyBudget,
        budget: ReceiveBufferBudget
    ) {
        self.uploads = uploads
        self.projects = projects
        self.maximumSize = Int64(maximumSize)
        self.budget = budget
        self.memory = memory
    }

    func add(to routes: Routes) { routes.call(.put, Self.path, put) }

    @Sendable private func put(_ call: APICall) async throws -> Response {
        let checked: CheckedFilePut
        let project: Project
        do {
            checked = try await uploads.check(try FilePut(call), limit: maximumSize, caller: call.caller)
            // Reads the project before the file is stored, because no error may occur after that.
            project = try await projects.details(checked.project, caller: call.caller, reading: .cached).project
        } catch {
            try await call.request.ignoreShortBody()
            throw error
        }
        let added: AddedFile
        switch checked {
        case .existing(let file):
            try await call.request.ignoreShortBody()
            added = .skipped(file)
        case .new(let new):
            let memory = memory.reservation(for: call.caller.name)
            defer { memory.end() }
            added = try await budget.receiving {
                try await uploads.put(new, body: call.request.body, limit: maximumSize) { try memory.grow(by: $0) }
            }
        }
        let file = added.file
        call.note(.init(file))
        let body = FileBody(file: file, base: call.base, path: "/Projects/\(project.uuid)/\(file.name)")
        switch added {
        case .added: return .json(body, status: .created)
        case .skipped: return .json(body)
        }
    }

}

extension Request {
    /// Reads and discards a body with a `Content-Length` of at most ``Uploads/longestIgnoredBody``, so that the
    /// connection can be reused.
    ///
    /// Does nothing for any other body, or if the request has an `Expect` header.
    func ignoreShortBody() async throws {
        guard headers[.expect] == nil, let text = headers[.contentLength], let length = Int64(text),
            length <= Uploads.longestIgnoredBody
        else { return }
        for try await _ in body {}
    }
}

extension FilePut {
    /// Reads the description of a file from the query and the headers, and ignores unknown parameters.
    ///
    /// - Throws: `.initializeInvalid` if the name or the folder is missing, or a parameter or the labels are invalid;
    ///   `.metadataInvalid` if a metadata value is an object or an array; `.uploadProjectMalformed` if `project` does
    ///   not have the form `owner/project`; `.checksumMalformed` for a malformed checksum; `.badRequest` for an invalid
    ///   `Content-Length`.
    init(_ call: APICall) throws {
        let (query, headers) = (call.query, call.request.headers)
        guard let name = query["name"] else {
            throw PontoonError(.initializeInvalid, "The parameter 'name' is missing.")
        }
        if let problem = FileName.problem(with: name) { throw PontoonError(.initializeInvalid, problem) }
        self.init(
            folder: try Self.folder(query),
            name: name,
            rule: try Self.rule(query["on_conflict"]),
            labels: try headers[.labels].map { try FileLabels(json: $0, "The X-Pontoon-Labels header") }
                ?? FileLabels(),
            length: try call.request.announcedLength(),
            expected: try ExpectedChecksums(headers)
        )
    }

    static func folder(_ query: Query) throws(PontoonError) -> FolderReference {
        switch (query["project"], query["parent"]) {
        case (let project?, nil):
            guard let id = ProjectID(project) else {
                throw PontoonError(.uploadProjectMalformed, "The parameter 'project' must have the form owner/project.")
            }
            return .project(id)
        case (nil, let parent?): return .folder(id: parent)
        default:
            throw PontoonError(.initializeInvalid, "Exactly one of 'project' and 'parent' must be given.")
        }
    }

    static func rule(_ text: String?) throws(PontoonError) -> NameConflictRule {
        guard let text else { return .fail }
        guard let rule = NameConflictRule(rawValue: text) else {
            let rules = NameConflictRule.allCases.map(\.rawValue).joined(separator: ", ")
            throw PontoonError(.initializeInvalid, "The parameter 'on_conflict' must be one of \(rules).")
        }
        return rule
    }
}

extension FileLabels {
    /// Maximum length of the JSON in bytes.
    private static let longestJSON = 16 << 10

    /// Parses labels in JSON.
    ///
    /// - Parameters:
    ///   - text: The JSON.
    ///   - source: The origin of the JSON, with which error messages begin, such as "The X-Pontoon-Labels header".
    /// - Throws: `.initializeInvalid` if the text is too long or not JSON, or a field has the wrong type;
    ///   `.metadataInvalid` if a metadata value is an object or an array.
    init(json text: String, _ source: String) throws(PontoonError) {
        guard text.utf8.count <= Self.longestJSON else {
            throw PontoonError(.initializeInvalid, "\(source) is longer than \(Self.longestJSON) bytes.")
        }
        let value: JSONValue
        do {
            value = try JSONParser.parse(Array(text.utf8))
        } catch {
            throw PontoonError(.initializeInvalid, "\(source) is not valid JSON: \(error).")
        }
        self = try RequestObject(value, code: .initializeInvalid).labels()
    }
}
