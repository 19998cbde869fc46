import Foundation
import PontoonCore

extension UploadLinkChange {
    /// Reads the body of a request that creates or updates a link; unknown fields are ignored.
    ///
    /// A `null` removes the current password or limit. In other fields, `null` counts as absent.
    ///
    /// Source: docs/api.md#upload-links.
    ///
    /// - Throws: `.badRequest` if a field has the wrong type, or `expires` is not a time.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .badRequest)
        var removed: Set<String> = []
        if case .object(let fields) = value { removed = Set(fields.filter { $0.value == .null }.keys) }
        func change<Value>(_ name: String, _ value: Value?) -> FieldChange<Value> {
            if let value { return .set(value) }
            return removed.contains(name) ? .remove : .keep
        }
        self.init()
        name = try object.string("name")
        note = try object.string("note")
        password = change("password", try object.string("password").map(Secret.init))
        maximumFiles = change("max_files", try object.integer("max_files"))
        maximumBytes = change("max_bytes", try object.integer("max_bytes"))
        expiresOn = try object.time("expires")
    }
}

/// The validated request body of the call with which a sender initializes an upload.
struct InitializeSenderRequest: Sendable {
    /// Names of the folders that lead from the sender's own folder to the file; empty for a file directly in it.
    let path: [String]
    let content: DeclaredContent
    /// Extension `part_infos`, as in ``InitializeRequest``.
    let partInfos: PartBatch?

    /// Reads the body; `project`, `parent` and unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid` if a field is missing or invalid; `.metadataInvalid` if a metadata value is an
    ///   object or an array.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        var content = try DeclaredContent(object)
        content.labels = try object.labels()
        self.content = content
        path = try object.strings("path") ?? []
        partInfos = try object.partInfos()
    }
}
